import assert from "node:assert/strict";
import { test } from "node:test";

import { Fields } from "../../static/js/fields.js";
import { Selection } from "../../static/js/selection.js";
import { Store } from "../../static/js/store.js";

const MOST = 100;

// A selection among these sensors, and what stands for the view.
function among(names, { filter = "", chosen = [], labels = {} } = {}) {
  const store = new Store(), fields = new Fields();
  for (const name of names) store.set(name, "f", 1_700_000_000_000, 1, 1, 1, 1);
  fields.take({ fields: [], sensors: labels, others: true });
  const view = { filter, chosen: new Set(chosen), passes: (name) => name.includes(filter) };
  return { store, view, selection: new Selection(store, view, fields, MOST) };
}

const many = (n) => Array.from({ length: n }, (_, i) => `s${i}`);

// A socket that takes every request.
function socket() {
  const asked = [];
  return { asked, select: (sensors) => Boolean(asked.push(sensors)) };
}

test("sensors come in the order of what people call them, sensor 9 before sensor 10", () => {
  const { selection } = among(["10", "9", "x"], { labels: { x: "1" } });
  assert.deepEqual(selection.names(), ["x", "9", "10"]);
});

test("the filter looks at names and at labels", () => {
  const { selection } = among(["a1", "b1", "c1"], { filter: "b", labels: { c1: "basement" } });
  assert.deepEqual(selection.names(), ["b1", "c1"]);
});

test("chosen sensors are charted alone; of many unasked ones only the first", () => {
  const { selection, view } = among(many(200));
  const names = selection.names();
  assert.deepEqual(selection.charted(names), [names.slice(0, 60), 200]);
  view.chosen.add("s150").add("s7");
  assert.deepEqual(selection.charted(names), [["s7", "s150"], 2]);
});

test("sensors that are in the past only are charted in their places", () => {
  const { selection } = among(["a", "c"]);
  assert.deepEqual(selection.charted(selection.names(), ["b", "c"]), [["a", "b", "c"], 3]);
});

test("the past of few sensors is asked for without names, of chosen ones by name", () => {
  const { selection, view } = among(["a", "b"]);
  assert.deepEqual(selection.ofPast(["a", "b"], ["a", "b"]), []);
  view.chosen.add("gone");
  assert.deepEqual(selection.ofPast(["a", "b"], []), ["gone"]);
});

test("the server is asked for sensors only where there are more than it sends to all, and once", () => {
  const live = socket();
  among(many(MOST)).selection.request(["s1"], live);
  assert.deepEqual(live.asked, []);
  const { selection, store } = among(many(MOST + 1));
  selection.request(["s2", "s1"], live);
  selection.request(["s1", "s2"], live);
  assert.deepEqual(live.asked, [["s1", "s2"]]);
  assert.deepEqual([store.sensor("s1").fields.size, store.sensor("s3").fields.size], [1, 0]);
});

test("a request is no longer than the server takes", () => {
  const live = socket();
  const names = many(1000).map((name) => name.padEnd(100, "x"));
  among(names).selection.request(names, live);
  assert.ok(JSON.stringify(live.asked[0]).length <= 60000);
});
