import assert from "node:assert/strict";
import { test } from "node:test";

import { breach, painted, zones } from "../../static/js/bounds.js";

const FIELD = { unit: "°C", bounds: { low_bad: 0, low_warn: 5, high_warn: 25, high_bad: 30 } };

test("a value on a bound is good, one beyond it is not", () => {
  assert.equal(breach(25, FIELD), null);
  assert.equal(breach(5, FIELD), null);
  assert.equal(breach(25.1, FIELD).words, "▲ warning above 25 °C");
  assert.equal(breach(4, FIELD).words, "▲ warning below 5 °C");
});

test("the worse of two bounds is what is said", () => {
  assert.deepEqual(breach(31, FIELD), { level: "bad", words: "✕ bad above 30 °C" });
  assert.deepEqual(breach(-1, FIELD), { level: "bad", words: "✕ bad below 0 °C" });
});

test("without bounds or without a value nothing is wrong", () => {
  assert.equal(breach(1000, { unit: "", bounds: null }), null);
  assert.equal(breach(undefined, FIELD), null);
  assert.equal(breach(1000, { unit: "", bounds: { low_bad: 0, low_warn: null, high_warn: null, high_bad: null } }), null);
});

test("a warning's zone ends where the bad one begins", () => {
  const found = zones(FIELD).map((zone) => [zone.level, ...painted(zone)]);
  assert.deepEqual(found, [["bad", -Infinity, 0], ["bad", 30, Infinity], ["warning", 0, 5], ["warning", 25, 30]]);
});
