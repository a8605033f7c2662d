import assert from "node:assert/strict";
import { test } from "node:test";

import { Palette } from "../../static/js/palette.js";

test("lines are numbered by their sensors' names, sensor 9 before sensor 10, wherever they stand", () => {
  assert.deepEqual(new Palette().of(["10", "9", "2"]), [2, 1, 0]);
});

test("a sensor keeps its number when its place among others changes, and when others join or go", () => {
  const palette = new Palette();
  palette.of(["a", "b", "c"]);
  assert.deepEqual(palette.of(["c", "a", "b"]), [2, 0, 1]);
  assert.deepEqual(palette.of(["a", "aa", "b", "c"]), [0, 3, 1, 2]);
  assert.deepEqual(palette.of(["c"]), [2]);
});

test("no two lines are alike, also of sensors that had the same number at different times", () => {
  const palette = new Palette();
  palette.of(["a", "b"]);
  assert.deepEqual(palette.of(["c", "d"]), [0, 1]);
  assert.deepEqual(palette.of(["a", "c", "b"]), [0, 2, 1]);
});
