import assert from "node:assert/strict";
import { test } from "node:test";

import { moment, reading, tick, useUtc } from "../../static/js/format.js";
import { Fields } from "../../static/js/fields.js";

const NOON = Date.UTC(2024, 4, 17, 12, 30, 5);

test("a reading has the decimals that were asked for, or as many as it takes", () => {
  assert.equal(reading(20.5), "20.5");
  assert.equal(reading(20.123456), "20.123");
  assert.equal(reading(20, 2), "20.00");
  assert.equal(reading(null), "unknown");
});

test("times are in UTC once that was chosen, and say so", () => {
  useUtc(true);
  assert.match(moment(NOON), /12:30:05 UTC$/);
  assert.match(tick(Date.UTC(2024, 4, 17), 3600000), /17/);
  assert.equal(tick(NOON, 60000), "12:30");
  useUtc(false);
  assert.doesNotMatch(moment(NOON), /UTC/);
});

test("fields seen in readings are charted unless only the listed ones are to be", () => {
  const fields = new Fields();
  fields.take({ fields: [{ name: "a", label: "A" }], sensors: { s1: "Roof" }, others: true });
  fields.learn(["a", "b"]);
  assert.deepEqual(fields.all.map(({ label }) => label), ["A", "b"]);
  fields.take({ fields: [{ name: "a", label: "A" }], sensors: {}, others: false });
  fields.learn(["b"]);
  assert.equal(fields.all.length, 1);
});

test("a sensor has the name people gave it, else its own", () => {
  const fields = new Fields();
  fields.take({ fields: [], sensors: { s1: "Roof" }, others: true });
  assert.deepEqual(["s1", "constructor"].map((name) => fields.label(name)), ["Roof", "constructor"]);
});
