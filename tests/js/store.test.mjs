import assert from "node:assert/strict";
import { test } from "node:test";

import { usualStep } from "../../static/js/series.js";
import { Store } from "../../static/js/store.js";

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

test("readings are counted as they come, a bucket that grows only by what is new in it", () => {
  const store = new Store();
  store.takeHistory({ t: [], series: {}, sensors: { s: { last_id: `${START}-0`, count: 7 } } });
  store.takeFrame({ t: START, readings: { s: { f: [1, 5, 5, 5, 5], g: [1, 5, 5, 5, 5] }, fresh: { f: [2, 1, 1, 1, 1] } } });
  store.takeFrame({ t: START, readings: { s: { f: [3, 5, 5, 5, 5] } } });
  assert.deepEqual([store.sensor("s").count, store.sensor("fresh").count], [10, 2]);
  store.takeHistory({ t: [START, START + 1000], series: { s: { f: { mean: [5, 6], count: [4, 1] } } }, sensors: {} });
  assert.equal(store.sensor("s").count, 12);
});

test("what the log has beyond what is here is counted with it", () => {
  const store = new Store();
  store.set("s", "f", START, 2, 1, 3, 3, 2);
  store.takeHistory({ t: [START, START + 1000], series: { s: { f: { mean: [8, 5], min: [7, 5], max: [9, 5], last: [9, 5], count: [4, 1] } } }, sensors: {}, adds: true });
  const found = [];
  store.each("s", "f", START, START + 1000, (t, mean, low, high, count) => found.push([t, mean, low, high, count]));
  assert.deepEqual(found, [[START, 6, 1, 9, 6], [START + 1000, 5, 5, 5, 1]]);
});

test("a bucket that is older than the ring reaches takes nobody's place", () => {
  const store = new Store();
  store.clear(60_000, 1000);
  store.set("s", "f", START + 180_000, 1, 1, 1, 1);
  store.set("s", "f", START, 9, 9, 9, 9);
  const found = [];
  store.each("s", "f", START, START + 180_000, (t, mean) => found.push([t, mean]));
  assert.deepEqual(found, [[START + 180_000, 1]]);
});

test("whether a sensor has a field, and readings of it in a span, also where newer ones follow", () => {
  const store = new Store();
  for (const n of [0, 100]) store.set("a", "f", START + n * 1000, n, n, n, n);
  assert.deepEqual([store.knows("a", "f"), store.knows("a", "g"), store.knows("b", "f")], [true, false, false]);
  const has = (from, to) => store.has("a", "f", START + from * 1000, START + to * 1000);
  assert.deepEqual([has(0, 0), has(1, 99), has(50, 150), has(101, 200)], [true, false, true, false]);
  assert.equal(store.has("b", "f", 0, START), false);
});

test("the newest reading is told itself, with the end of its bucket", () => {
  const store = new Store();
  store.set("a", "f", START, 2, 1, 3, 3, 2);
  assert.deepEqual(store.newest("a", "f"), { t: START + 1000, value: 3 });
  assert.deepEqual([store.newest("a", "g"), store.newest("b", "f")], [null, null]);
});

test("readings that name no sensor are known as such while there are no others", () => {
  const store = new Store();
  assert.equal(store.hasSensors("all entries"), true);
  store.set("all entries", "f", START, 1, 1, 1, 1);
  assert.equal(store.hasSensors("all entries"), false);
  store.set("a", "f", START, 1, 1, 1, 1);
  assert.equal(store.hasSensors("all entries"), true);
});

test("what is missing is known to be missing once the first history is here, until a new one begins", () => {
  const store = new Store();
  assert.equal(store.isKnown, false);
  store.takeHistory({ t: [], series: {}, sensors: {} });
  assert.equal(store.isKnown, true);
  store.clear(900000, 1000);
  assert.equal(store.isKnown, false);
});
