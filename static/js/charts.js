// The charts: up to six sensors over each other, more as small multiples on shared axes.

import uPlot from "../uplot/uPlot.esm.js";
import { el, bdi } from "./dom.js";
import { columns, extent } from "./columns.js";
import { clock, reading } from "./format.js";

const MOST_OVERLAID = 6;
const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [14, 4], [4, 4]];

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (i) => ink(`--series-${(i % MOST_OVERLAID) + 1}`);

export class Charts {
  constructor(root, onZoom, onLive) {
    Object.assign(this, { root, onZoom, onLive, plots: [], ranges: new Map(), layout: "" });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (this.layout = ""));
    new ResizeObserver(() => this.fit()).observe(root);
  }

  // Draw these sensors over [from, to]; the panels are made anew only when what they show changes.
  draw(store, fields, sensors, from, to) {
    const layout = JSON.stringify([fields.map((f) => f.name), sensors]);
    if (layout !== this.layout) this.build(fields, sensors, layout);
    for (const plot of this.plots) {
      plot.range = this.range(store, plot.field, sensors, from, to);
      plot.uplot.batch(() => {
        plot.uplot.setData(columns(store, plot.field, plot.sensors, from, to), false);
        plot.uplot.setScale("x", { min: from, max: to });
        if (plot.range) plot.uplot.setScale("y", { min: plot.range[0], max: plot.range[1] });
      });
    }
  }

  // A shared range per field that only grows while the window stays the same, so that axes do not jump.
  range(store, field, sensors, from, to) {
    const key = `${field} ${to - from}`;
    const found = extent(store, field, sensors, from, to);
    const known = this.ranges.get(key);
    if (!found) return known;
    if (!known || found[0] < known[0] || found[1] > known[1] || found[1] - found[0] < (known[1] - known[0]) / 3) this.ranges.set(key, found);
    return this.ranges.get(key);
  }

  build(fields, sensors, layout) {
    for (const plot of this.plots) plot.uplot.destroy();
    this.layout = layout;
    this.plots = [];
    const small = sensors.length > MOST_OVERLAID;
    const sections = fields.map((field) => this.section(field, sensors, small));
    this.root.replaceChildren(...sections);
    this.fit();
  }

  section(field, sensors, small) {
    const plots = el("div", { class: small ? "plots small" : "plots" });
    const unit = field.unit ? el("span", { class: "quiet" }, field.unit) : null;
    const section = el("section", { class: "card chart", "data-field": field.name }, el("h2", {}, bdi(field.name), " ", unit), plots);
    const groups = small ? sensors.map((sensor) => [sensor]) : [sensors];
    for (const group of groups) {
      const figure = el("figure", {}, small ? el("figcaption", {}, bdi(group[0])) : null);
      plots.append(figure);
      this.plots.push({ field: field.name, sensors: group, figure, uplot: this.plot(figure, field, group, small) });
    }
    return section;
  }

  plot(figure, field, sensors, small) {
    const series = sensors.flatMap((sensor, i) => this.lines(sensor, i, field));
    const bands = sensors.map((_, i) => ({ series: [3 * i + 3, 3 * i + 2], fill: `${colour(small ? 0 : i)}40` }));
    const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 } };
    const options = {
      width: 300, height: small ? 110 : 260, ms: 1, padding: [8, 8, 0, 0],
      legend: { show: !small, live: true },
      cursor: { sync: { key: "streamwatch", scales: ["x", null] }, drag: { x: true, y: false }, bind: { dblclick: () => () => this.onLive() } },
      scales: { x: { time: true, auto: false }, y: { auto: false, range: (_, min, max) => (min === null || max === null ? [0, 1] : [min, max]) } },
      series: [{ value: (_, t) => (t === null ? "" : clock(t)) }, ...series],
      bands,
      axes: [{ ...axis, space: small ? 70 : 80, size: 28, values: (_, ticks, __, ___, step) => ticks.map((t) => clock(t, step < 60000)) }, { ...axis, size: small ? 40 : 52, space: small ? 18 : 26 }],
      hooks: { setSelect: [(u) => this.selected(u)] },
    };
    return new uPlot(options, [[], ...series.map(() => [])], figure);
  }

  lines(sensor, i, field) {
    const edge = { show: true, width: 0, points: { show: false }, class: "edge" };
    const value = (_, v) => (v === null || v === undefined ? "–" : `${reading(v)} ${field.unit}`);
    const points = { show: (u, s) => u.data[s].reduce((n, v) => n + (v !== null && v !== undefined), 0) < 3, size: 5 };
    return [{ label: sensor, stroke: colour(i), width: 1.5, dash: DASHES[i % DASHES.length], value, points }, edge, edge];
  }

  selected(u) {
    if (u.select.width < 4) return;
    this.onZoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  fit() {
    for (const { figure, uplot } of this.plots) {
      const width = Math.floor(figure.clientWidth);
      if (width && width !== uplot.width) uplot.setSize({ width, height: uplot.height });
    }
  }
}
