// One chart of a group's history: a figure or two over time, with what happened marked on it.

import uPlot from "../uplot/uPlot.esm.js";
import { colour, ink } from "./colours.js";
import { el } from "./dom.js";
import { count, duration, moment, rate, ticks } from "./format.js";
import { DASHES, fitting, sample, TIMES } from "./lines.js";

const POWERS = Array.from({ length: 13 }, (_, n) => 10 ** n);
const WHOLE = POWERS.flatMap((power) => [power, 2 * power, 5 * power]);
// What a y axis of entries and of time may be divided into.
const STEPS = { entries: WHOLE, time: [...WHOLE.filter((ms) => ms < TIMES[0]), ...TIMES] };
const WRITTEN = { entries: (n) => count(Math.round(n)), time: duration, "per second": rate };
const MARKS = { entries: count, time: (ms) => (ms ? duration(Math.round(ms)) : "0"), "per second": count };

export class FigureChart {
  // `shown` is what all charts share: { from, to, marks }.
  constructor({ title, unit, names }, shown) {
    Object.assign(this, { unit, names, shown, layout: "", uplot: null });
    this.place = el("div");
    this.empty = el("p", { class: "empty" }, "Nothing is known of this span yet.");
    this.element = el("section", { class: "card" }, el("h2", {}, title), this.empty, this.place);
  }

  // The chart stays, with what is pointed at in it, as long as it shows the same figures.
  draw({ t, figures }) {
    const known = Object.keys(this.names).filter((name) => figures[name]);
    const isEmpty = !known.some((name) => figures[name].max.some((value) => value !== null));
    if (isEmpty || known.join() !== this.layout) this.clear();
    this.empty.hidden = !isEmpty;
    if (isEmpty) return;
    this.layout = known.join();
    const data = [t, ...known.flatMap((name) => [figures[name].max, figures[name].min])];
    const width = this.place.clientWidth;
    this.uplot ??= new uPlot(this.options(known, width), data, this.place);
    if (this.uplot.width !== width) this.uplot.setSize({ width, height: this.uplot.height });
    this.uplot.setData(data);
  }

  clear() {
    this.uplot?.destroy();
    Object.assign(this, { uplot: null, layout: "" });
  }

  options(known, width) {
    const { unit, shown } = this;
    const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 } };
    const least = unit === "time" ? 1000 : 1;
    const axisPx = width > 600 ? 74 : 52; // wide ones begin at the same place, so that one sees what happened together
    return {
      width, height: 170, ms: 1, padding: [8, 18, 0, 0], hooks: { draw: [(u) => this.mark(u)] },
      legend: { markers: { width: 0, fill: (_, i) => sample((i - 1) / 2) } },
      cursor: { sync: { key: "history" }, drag: { x: false, y: false } },
      scales: { x: { range: () => [shown.from, shown.to] }, y: { range: (_, low, high) => [0, Math.max(least, high || least) * 1.05] } },
      axes: [
        { ...axis, size: 28, space: 70, incrs: TIMES, values: (_, at, __, ___, step) => ticks(at, step) },
        { ...axis, size: fitting(axisPx), ...(STEPS[unit] ? { incrs: STEPS[unit] } : {}), values: (_, at) => at.map(MARKS[unit]) },
      ],
      series: [{ value: (u, _, __, at) => moment(u.data[0][at ?? newest(u.data)]) }, ...known.flatMap((name, i) => this.lines(name, i))],
      bands: known.map((_, i) => ({ series: [2 * i + 1, 2 * i + 2], fill: `${colour(i)}33` })),
    };
  }

  // While nothing is pointed at, the legend tells what is newest.
  lines(name, i) {
    const value = (u, _, s, at) => {
      const found = u.data[s][at ?? newest(u.data)];
      return found === null || found === undefined ? "unknown" : WRITTEN[this.unit](found);
    };
    return [{ label: this.names[name], stroke: colour(i), width: 1, dash: DASHES[i], value }, { class: "edge", stroke: "transparent" }];
  }

  mark(u) {
    u.ctx.save();
    u.ctx.strokeStyle = ink("--warn");
    u.ctx.setLineDash([4, 3]);
    for (const { t } of this.shown.marks) {
      const x = Math.round(u.valToPos(t, "x", true));
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
    }
    u.ctx.restore();
  }
}

// The last point at which anything is known.
const newest = ([times, ...columns]) => times.findLastIndex((_, i) => columns.some((column) => column[i] !== null));
