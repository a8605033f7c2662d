// Which values call for attention. A value on a bound is still good, as for the alerts.

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
