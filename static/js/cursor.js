// The keyboard on a chart: arrows move from reading to reading, and what is there is read out politely.

import { moment } from "./format.js";
import { written } from "./table.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

export class KeyboardCursor {
  constructor(charts, said) {
    Object.assign(this, { charts, said, at: null });
    charts.root.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const plot = event.key in STEPS && this.charts.plots.find(({ figure }) => figure === event.target);
    if (!plot?.uplot) return;
    event.preventDefault();
    const { label, isHidden } = this.charts.how;
    const sensors = plot.sensors.filter((sensor) => !isHidden(sensor));
    const data = [plot.data[0], ...plot.data.slice(1).filter((_, s) => sensors.includes(plot.sensors[Math.floor(s / 3)]))];
    const i = stepped(data, this.at, STEPS[event.key]);
    if (i === null) return;
    this.at = data[0][i];
    const u = plot.uplot;
    u.setCursor({ left: u.valToPos(this.at, "x"), top: u.over.clientHeight / 2 });
    this.said.textContent = readOut(data, i, plot.field, sensors.map(label));
  }
}

const isAny = (data, i) => data.some((column, s) => s % 3 === 1 && column[i] !== undefined && column[i] !== null);

// The point `by` readings on from the one at time `at` (null: the newest); null without any reading.
export function stepped(data, at, by) {
  const there = data[0].map((t, i) => i).filter((i) => isAny(data, i));
  if (!there.length) return null;
  const last = there.length - 1;
  const found = at === null ? -1 : there.findIndex((i) => data[0][i] >= at);
  const now = at === null || found < 0 ? last + (at === null && by < 0 ? 1 : 0) : found;
  return there[Math.max(0, Math.min(last, now + by))];
}

export function readOut(data, i, field, names) {
  const said = names.map((name, s) => {
    const mean = data[3 * s + 1][i];
    return mean === undefined || mean === null ? null : `${name} ${written([mean, data[3 * s + 2][i], data[3 * s + 3][i]], field)} ${field.unit}`.trim();
  });
  return `${moment(data[0][i])}: ${said.filter(Boolean).join(", ")}`;
}
