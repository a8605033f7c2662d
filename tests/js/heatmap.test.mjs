import assert from "node:assert/strict";
import { test } from "node:test";

import { cellAt, grid, stateOf, summary } from "../../static/js/heatmap.js";

test("cells fill the width, row after row", () => {
  assert.deepEqual(grid(25, 125), { cell: 12, across: 10, height: 36 });
  assert.equal(cellAt(0, 0, 25, 125), 0);
  assert.equal(cellAt(119, 11, 25, 125), 9);
  assert.equal(cellAt(1, 13, 25, 125), 10);
});

test("beside the cells there is none", () => {
  assert.equal(cellAt(121, 0, 25, 125), -1);
  assert.equal(cellAt(70, 25, 25, 125), -1);
});

test("ten thousand sensors fit on a screen", () => {
  assert.ok(grid(10000, 860).height < 500);
  assert.equal(cellAt(5, 7, 10000, 860), grid(10000, 860).across);
});

test("a silent sensor is stale whatever it said last", () => {
  assert.equal(stateOf({ silent: true, worst: 2 }), "stale");
  assert.deepEqual([0, 1, 2].map((worst) => stateOf({ silent: false, worst })), ["good", "warning", "bad"]);
});

test("the summary counts what calls for attention", () => {
  const rows = [...Array(1200)].map((_, i) => ({ silent: i < 12, worst: i > 1196 ? 2 : 0 }));
  assert.equal(summary(rows), "1,200 sensors: 3 bad, 12 stale");
  assert.equal(summary([{ silent: false, worst: 0 }]), "1 sensors: all good");
});
