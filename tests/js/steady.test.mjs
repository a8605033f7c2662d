import assert from "node:assert/strict";
import { test } from "node:test";

import { SteadyRange } from "../../static/js/steady.js";

test("the range grows to hold what is new and stays when that is gone", () => {
  const range = new SteadyRange();
  assert.deepEqual(range.over(60000, [10, 20]), [10, 20]);
  assert.deepEqual(range.over(60000, [15, 25]), [10, 25]);
  assert.deepEqual(range.over(60000, [14, 20]), [10, 25]);
});

test("another window, or readings that fill little of the range, have a range of their own", () => {
  const range = new SteadyRange();
  range.over(60000, [0, 100]);
  assert.deepEqual(range.over(300000, [40, 80]), [40, 80]);
  assert.deepEqual(range.over(300000, [50, 60]), [50, 60]);
});

test("without readings it is what it was", () => {
  const range = new SteadyRange();
  assert.equal(range.over(60000, null), null);
  range.over(60000, [1, 2]);
  assert.deepEqual(range.over(60000, null), [1, 2]);
});
