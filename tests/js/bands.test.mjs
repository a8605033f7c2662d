import assert from "node:assert/strict";
import { test } from "node:test";

import { paintBands, runs } from "../../static/js/bands.js";

test("points belong together up to a silence, whatever has no reading between them", () => {
  assert.deepEqual(runs([undefined, 1, undefined, 2, null, null, 3, 4, undefined]), [[1, 3], [6, 7]]);
});

test("a point alone between silences has no band", () => {
  assert.deepEqual(runs([1, null, 2, null]), []);
  assert.deepEqual(runs([]), []);
});

// A chart of one line, 100 px for 100 ms and for 0 to 10, and where its band goes.
function painted(show, low, high) {
  const path = [];
  const step = (x, y) => path.push([x, y]);
  const ctx = { save() {}, restore() {}, beginPath() {}, rect() {}, clip() {}, closePath() {}, fill: () => path.push(ctx.fillStyle), moveTo: step, lineTo: step };
  const series = [{}, { show, stroke: () => "#0072b2" }, {}, {}];
  paintBands({ ctx, series, bbox: { left: 10, top: 0, width: 100, height: 100 }, scales: { x: { min: 0, max: 100 }, y: { min: 0, max: 10 } }, data: [[0, 100], [5, 5], low, high] });
  return path;
}

test("a band goes along the highest readings and back along the lowest, in its line's colour", () => {
  assert.deepEqual(painted(true, [1, 2], [9, 8]), [[10, 10], [110, 20], [110, 80], [10, 90], "#0072b240"]);
});

test("a line that is hidden has no band", () => {
  assert.deepEqual(painted(false, [1, 2], [9, 8]), []);
});
