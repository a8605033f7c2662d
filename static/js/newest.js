// What stands beside each line while nothing is pointed at: its newest value in the window, and from when that is.

import { setText } from "./dom.js";
import { age, moment, valued } from "./format.js";

// A value as old as this is said to be, where another line's is newer.
const OLD_MS = 10000;

// The last point of a line that holds a reading, { t, value }; null without any.
export function lastOf(times, column) {
  for (let i = column.length - 1; i >= 0; i--) {
    if (column[i] !== undefined && column[i] !== null) return { t: times[i], value: column[i] };
  }
  return null;
}

// [from when the newest is, the value of each line] of a plot whose window ends at `to`. A point may stand for many
// readings: while the charts follow, the last reading itself is told.
export function newest({ data, field, sensors }, how, to) {
  const isHeld = how.isHeld();
  const found = sensors.map((sensor, i) => {
    const point = lastOf(data[0], data[3 * i + 1]);
    return point && !isHeld ? (how.newest(sensor, field.name) ?? point) : point;
  });
  const t = Math.max(...found.map((one) => one?.t ?? 0));
  const old = (one) => (!isHeld && to - one.t >= OLD_MS ? `, ${age(to - one.t)}` : "");
  const since = !t ? "–" : isHeld ? moment(t) : age(Math.max(0, to - t));
  return [since, ...found.map((one) => valued(one?.value, field) + (one && one.t < t ? old(one) : ""))];
}

// Say it, unless something is pointed at: then it is said afterwards.
export function tellNewest(plot, how, to) {
  const { uplot, small, there, words } = plot;
  const now = newest(plot, how, to);
  if (now.every((word, i) => word === words[i])) return;
  plot.words = now;
  if (uplot.cursor.left >= 0) return;
  if (small) setText(there, now[1]);
  else uplot.setLegend({ idx: null }, false);
}
