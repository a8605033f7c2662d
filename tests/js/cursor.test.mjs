import assert from "node:assert/strict";
import { test } from "node:test";

import { readOut, stepped } from "../../static/js/cursor.js";
import { rowsOf, written } from "../../static/js/table.js";

// Two sensors over five points: the second speaks once, nobody does at the fourth.
const DATA = [
  [10, 20, 30, 40, 50],
  [1, 2, undefined, null, 5], [1, 1, undefined, null, 5], [1, 3, undefined, null, 5],
  [undefined, undefined, 7, undefined, undefined], [undefined, undefined, 7, undefined, undefined], [undefined, undefined, 7, undefined, undefined],
];
const FIELD = { unit: "°C", decimals: 1 };

test("the cursor begins at the newest reading and goes from reading to reading", () => {
  assert.equal(stepped(DATA, null, -1), 4);
  assert.equal(stepped(DATA, 50, -1), 2);
  assert.equal(stepped(DATA, 30, 1), 4);
});

test("it stops at the ends, and Home and End go there", () => {
  assert.equal(stepped(DATA, 10, -1), 0);
  assert.equal(stepped(DATA, 50, 1), 4);
  assert.equal(stepped(DATA, 30, -Infinity), 0);
  assert.equal(stepped(DATA, 10, Infinity), 4);
});

test("a reading that scrolled out of the window is as good as the oldest", () => {
  assert.equal(stepped(DATA, 5, 1), 1);
});

test("where nothing was read there is nothing to go to", () => {
  assert.equal(stepped([[10], [null], [null], [null]], null, -1), null);
});

test("the read-out names the sensors that have a reading there", () => {
  assert.match(readOut(DATA, 1, FIELD, ["roof", "cellar"]), /: roof 2\.0 \(1\.0–3\.0\) °C$/);
  assert.match(readOut(DATA, 2, FIELD, ["roof", "cellar"]), /: cellar 7\.0 °C$/);
});

test("the table has a row for each point with a reading, the newest first", () => {
  assert.deepEqual(rowsOf(DATA).map(({ t }) => t), [50, 30, 20, 10]);
  assert.deepEqual(rowsOf(DATA)[1].values, [null, [7, 7, 7]]);
  assert.equal(written([2, 1, 3], FIELD), "2.0 (1.0–3.0)");
});
