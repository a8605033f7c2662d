import assert from "node:assert/strict";
import { test } from "node:test";

import { columns, extent } from "../../static/js/columns.js";
import { Store } from "../../static/js/store.js";

const START = 1_700_000_000_000;

function filled(seconds) {
  const store = new Store();
  for (const n of seconds) store.set("s", "f", START + n * 1000, n, n - 1, n + 1, n);
  return store;
}

test("a line breaks where a sensor fell silent for several of its own steps", () => {
  const [, mean] = columns(filled([0, 1, 2, 3, 4, 15, 16]), "f", ["s"], START, START + 16000);
  assert.equal(mean[4], 4);
  assert.deepEqual(mean.slice(5, 15), Array(10).fill(null));
  assert.equal(mean[15], 15);
});

test("the first reading after a long silence is not joined to the last one before it", () => {
  const [, mean] = columns(filled([0, 1, 2, 3, 4, 800]), "f", ["s"], START, START + 800000);
  assert.deepEqual(mean.slice(5, 800), Array(795).fill(null));
});

test("a sensor that speaks every ten seconds is one line", () => {
  const [, mean] = columns(filled([0, 10, 20, 30, 40, 50]), "f", ["s"], START, START + 50000);
  assert.ok(!mean.includes(null));
});

test("a sensor without readings has empty columns and no range", () => {
  const data = columns(filled([0]), "f", ["nobody"], START, START + 3000);
  assert.equal(data.length, 4);
  assert.equal(extent([data]), null);
});

test("the range holds the lowest and the highest reading with some room", () => {
  const [low, high] = extent([columns(filled([0, 10]), "f", ["s"], START, START + 10000)]);
  assert.ok(low < -1 && high > 11);
});

test("equal readings have a range around them", () => {
  const store = new Store();
  store.set("s", "f", START, 5, 5, 5, 5);
  assert.deepEqual(extent([columns(store, "f", ["s"], START, START)]), [4.5, 5.5]);
});
