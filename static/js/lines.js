// How lines and axes look, on every chart and in its legend.

import { colour } from "./colours.js";

export const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [14, 4], [4, 4]];

const S = 1000, MIN = 60 * S, H = 60 * MIN, D = 24 * H;
// What a time axis may be divided into; uPlot's own steps leave a narrow chart without any mark.
export const TIMES = [...[1, 2, 5, 10, 15, 20, 30].map((n) => n * S), ...[1, 2, 3, 5, 10, 15, 20, 30].map((n) => n * MIN), ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * H), ...[1, 2, 3, 5, 7, 10, 15].map((n) => n * D)];

// The i-th line as it is drawn, for a legend.
export function sample(i) {
  const dash = DASHES[i % DASHES.length] ?? [];
  let at = 0;
  const stops = dash.map((length, n) => `${n % 2 ? "transparent" : colour(i)} ${at}px ${(at += length)}px`);
  return dash.length ? `repeating-linear-gradient(90deg, ${stops.join(", ")})` : colour(i);
}

// The width of a y axis: what its marks need, `least` px at least.
export const fitting = (least) => (_, marks) => Math.max(least, 18 + 7 * Math.max(...(marks ?? [""]).map((mark) => mark.length)));
