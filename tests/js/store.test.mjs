import assert from "node:assert/strict";
import { test } from "node:test";

import { Store, usualStep } from "../../static/js/store.js";

const START = 1_700_000_000_000;

test("memory is the same however long readings flow in", () => {
  const store = new Store();
  for (let n = 0; n < 5000; n++) store.set("s", "f", START + n * 1000, n, n, n, n);
  const series = store.sensor("s").fields.get("f");
  assert.equal(series.t.length, 900 + 120);
  const seen = [];
  store.each("s", "f", START, START + 5000 * 1000, (t) => seen.push(t));
  assert.equal(seen.length, 1020);
  assert.equal(seen.at(-1), START + 4999 * 1000);
});

test("a bucket set twice is one bucket", () => {
  const store = new Store();
  store.set("s", "f", START, 1, 1, 1, 1);
  store.set("s", "f", START, 2, 1, 3, 3, 2);
  const seen = [];
  store.each("s", "f", START, START, (...bucket) => seen.push(bucket));
  assert.deepEqual(seen, [[START, 2, 1, 3, 2]]);
});

test("an older bucket does not change the last value", () => {
  const store = new Store();
  store.set("s", "f", START + 1000, 5, 5, 5, 5);
  store.set("s", "f", START, 1, 1, 1, 1);
  assert.equal(store.sensor("s").latest.get("f"), 5);
});

test("the usual step is the middle one, and unknown from few readings", () => {
  const each = (...times) => (take) => times.forEach((t) => take(t));
  assert.equal(usualStep(each(0, 1, 2)), null);
  assert.equal(usualStep(each(0, 10, 20, 30, 500)), 10);
});

test("the overview names sensors once and changes what is newest of them", () => {
  const store = new Store();
  store.takeOverview({ first: 0, names: ["a", "b"], fields: ["f"], rows: [[0, START, 1], [1, START, null]] });
  store.takeOverview({ first: 2, names: ["c"], fields: ["f"], rows: [[2, START, 3], [0, START + 5000, 4]] });
  assert.deepEqual([...store.sensors.keys()], ["a", "b", "c"]);
  assert.deepEqual([store.sensor("a").latest.get("f"), store.sensor("b").latest.get("f"), store.sensor("a").usualMs], [4, undefined, 5000]);
});

test("a whole overview begins again with the names", () => {
  const store = new Store();
  store.takeOverview({ first: 0, names: ["a", "b"], fields: ["f"], rows: [] });
  store.takeOverview({ first: 0, names: ["b", "a"], fields: ["f"], rows: [[0, START, 7]] });
  assert.equal(store.sensor("b").latest.get("f"), 7);
});

test("readings of sensors that are sent no more are forgotten, not the sensors", () => {
  const store = new Store();
  for (const sensor of ["a", "b"]) store.set(sensor, "f", START, 1, 1, 1, 1);
  store.keep(["b"]);
  assert.deepEqual([...store.sensors.values()].map((row) => [row.fields.size, row.latest.get("f")]), [[0, 1], [1, 1]]);
});
