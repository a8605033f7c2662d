import assert from "node:assert/strict";
import { test } from "node:test";

import { lone, spikes } from "../../static/js/spikes.js";

const NONE = undefined;

test("a reading between two silences stands alone, one beside another does not", () => {
  assert.deepEqual(lone([5, null, null, 6, NONE, 7, null, 8]), [0, 7]);
  assert.deepEqual(lone([NONE, 5, NONE]), [1]);
  assert.deepEqual(lone([5, NONE, NONE, 6]), []);
  assert.deepEqual(lone([null, NONE, null]), []);
});

test("a spike is drawn from the points beside it, upwards or downwards", () => {
  const low = [20, 20, 20, 3, 20], high = [21, 97, 22, 20, 21];
  assert.deepEqual(spikes(low, high, 4), [[1, 22, 97], [3, 20, 3]]);
});

test("a step is no spike, and neither is what is hardly higher", () => {
  assert.deepEqual(spikes([1, 1, 9, 9], [1, 1, 9, 9], 4), []);
  assert.deepEqual(spikes([1, 1, 1], [2, 5, 2], 4), []);
});

test("the points beside it may be some pixels away, or missing", () => {
  assert.deepEqual(spikes([1, NONE, 1, null, 1], [2, NONE, 90, null, 2], 4), [[2, 2, 90]]);
  assert.deepEqual(spikes([1], [90], 4), [[0, 1, 90], [0, 90, 1]]);
});
