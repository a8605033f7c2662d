import assert from "node:assert/strict";
import { test } from "node:test";

import { moment, reading, tick, ticks, useUtc, valued } from "../../static/js/format.js";
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

test("marks of an axis are written anew when they, their distance or the clock are others", () => {
  useUtc(true);
  assert.deepEqual(ticks([NOON, NOON + 60000], 60000), ["12:30", "12:31"]);
  assert.deepEqual(ticks([NOON, NOON + 1000], 1000), ["12:30:05", "12:30:06"]);
  assert.deepEqual(ticks([NOON + 1000, NOON + 2000], 1000), ["12:30:06", "12:30:07"]);
  const utc = ticks([NOON], 1000);
  useUtc(false);
  assert.deepEqual(ticks([NOON], 1000), [tick(NOON, 1000)]);
  useUtc(true);
  assert.deepEqual(ticks([NOON], 1000), utc);
  useUtc(false);
});

test("a value has its unit; without one there is a dash, not 0", () => {
  const field = { decimals: 1, unit: "°C" };
  assert.deepEqual([valued(20, field), valued(0, { decimals: null, unit: "" })], ["20.0 °C", "0"]);
  assert.deepEqual([valued(null, field), valued(undefined, field)], ["–", "–"]);
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
