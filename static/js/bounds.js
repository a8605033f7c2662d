// Which values call for attention. A value on a bound is still good, as for the alerts.

import { count } from "./format.js";

const ICONS = { bad: "✕", warning: "▲" };

// What is wrong with a value, in words with an icon; null when nothing is.
export function breach(value, { bounds, unit }) {
  if (!bounds || value === null || value === undefined) return null;
  for (const { from, to, level, text } of zones({ bounds, unit })) {
    if (from === -Infinity ? value < to : value > from) return { level, words: `${ICONS[level]} ${text}` };
  }
  return null;
}

// The zones beyond the bounds, the worse first: [{ from, to, level, text }].
export function zones({ bounds, unit }) {
  if (!bounds) return [];
  const { low_bad, low_warn, high_warn, high_bad } = bounds;
  const below = (to, floor, level) => to === null ? [] : [{ from: -Infinity, to, floor: floor ?? -Infinity, level, mark: `${ICONS[level]} < ${to}`, text: `${level} below ${to} ${unit}`.trim() }];
  const above = (from, ceiling, level) => from === null ? [] : [{ from, to: Infinity, ceiling: ceiling ?? Infinity, level, mark: `${ICONS[level]} > ${from}`, text: `${level} above ${from} ${unit}`.trim() }];
  return [...below(low_bad, null, "bad"), ...above(high_bad, null, "bad"), ...below(low_warn, low_bad, "warning"), ...above(high_warn, high_bad, "warning")];
}

// Where a zone is painted: up to where the worse one begins.
export const painted = ({ from, to, floor, ceiling }) => [Math.max(from, floor ?? -Infinity), Math.min(to, ceiling ?? Infinity)];

// Which sensors are beyond a field's bounds, { words, level }: the worse first, alike ones together.
export function tellBreaches(sensors, field, lastOf, label) {
  const found = sensors.map((sensor) => [sensor, breach(lastOf(sensor, field.name), field)]).filter(([, wrong]) => wrong);
  found.sort(([, a], [, b]) => (b.level === "bad") - (a.level === "bad"));
  const alike = new Map(found.map(([, { words }]) => [words, found.filter(([, wrong]) => wrong.words === words)]));
  const said = [...alike].map(([words, [[sensor], ...others]]) => `${words}: ${label(sensor)}${others.length ? `, and ${count(others.length)} more` : ""}`);
  return { words: said.join("; "), level: found[0]?.[1].level ?? "" };
}
