import assert from "node:assert/strict";
import { test } from "node:test";

import { moment } from "../../static/js/format.js";
import { lastOf, newest, tellNewest } from "../../static/js/newest.js";

const NOW = 1_700_000_000_000, SECOND = 1000;
const TIMES = [NOW - 40 * SECOND, NOW - 20 * SECOND, NOW];
const FIELD = { name: "temperature", unit: "°C", decimals: 1 };

// A plot of sensors a and b with these lines.
const plotOf = (...lines) => ({ field: FIELD, sensors: ["a", "b"].slice(0, lines.length), words: [], data: [TIMES, ...lines.flatMap((line) => [line, line, line])] });
const following = (readings = {}) => ({ isHeld: () => false, newest: (sensor) => readings[sensor] ?? null });
const HELD = { isHeld: () => true, newest: () => assert.fail("what comes in is no word on what is held") };

test("the last point of a line is found behind what is no reading", () => {
  assert.deepEqual(lastOf(TIMES, [1, 2, undefined]), { t: TIMES[1], value: 2 });
  assert.deepEqual(lastOf(TIMES, [0, null, undefined]), { t: TIMES[0], value: 0 });
  assert.equal(lastOf(TIMES, [undefined, null, undefined]), null);
});

test("while the charts follow, the last reading itself is told, not the mean of the last point", () => {
  assert.deepEqual(newest(plotOf([1, 2, 3]), following({ a: { t: NOW, value: 4 } }), NOW), ["now", "4.0 °C"]);
});

test("a line without a reading in the window has no value, whatever was there before", () => {
  assert.deepEqual(newest(plotOf([1, 2, 3], [undefined, null, undefined]), following({ b: { t: NOW - 900 * SECOND, value: 9 } }), NOW), ["now", "3.0 °C", "–"]);
});

test("a value that is older than another line's is told with its age", () => {
  assert.deepEqual(newest(plotOf([1, 2, 3], [1, 2, undefined]), following(), NOW), ["now", "3.0 °C", "2.0 °C, 20 s ago"]);
  assert.deepEqual(newest(plotOf([1, 2, undefined], [1, 2, undefined]), following(), NOW), ["20 s ago", "2.0 °C", "2.0 °C"]);
});

test("what is held is told with its time", () => {
  assert.deepEqual(newest(plotOf([1, 2, undefined]), HELD, NOW), [moment(TIMES[1]), "2.0 °C"]);
});

// A plot, and what its legend was told so far.
function legend(left) {
  const told = [];
  const plot = { ...plotOf([1, 2, 3]), small: false, uplot: { cursor: { left }, setLegend: () => told.push(plot.words) } };
  return { plot, told };
}

test("a legend is told only what is new", () => {
  const { plot, told } = legend(-10);
  for (const value of [4, 4, 5]) tellNewest(plot, following({ a: { t: NOW, value } }), NOW);
  assert.deepEqual(told, [["now", "4.0 °C"], ["now", "5.0 °C"]]);
});

test("while something is pointed at, the legend is left alone, and has what is newest afterwards", () => {
  const { plot, told } = legend(20);
  tellNewest(plot, following(), NOW);
  assert.deepEqual([told, plot.words], [[], ["now", "3.0 °C"]]);
});
