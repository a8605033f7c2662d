// The charts: up to six sensors over each other, more as small multiples on shared axes.

import uPlot from "../uplot/uPlot.esm.js";
import { el, bdi } from "./dom.js";
import { columns, extent } from "./columns.js";
import { moment, reading, tick } from "./format.js";

const MOST_OVERLAID = 6;
// Charts this near to the window's edge are drawn as if they were in it, so that scrolling shows them at once.
const NEAR_PX = 300;
// A chart has about a point to a pixel, and no fewer than these.
const FEWEST_POINTS = 100;
const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [14, 4], [4, 4]];

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (i) => ink(`--series-${(i % MOST_OVERLAID) + 1}`);

export class Charts {
  constructor(root, onZoom, onLive) {
    Object.assign(this, { root, onZoom, onLive, plots: [], ranges: new Map(), layout: "" });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (this.layout = ""));
    new ResizeObserver(() => this.fit()).observe(root);
    this.sight = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: `${NEAR_PX}px 0px` });
  }

  // Draw these sensors over [from, to]; the panels are made anew only when what they show changes, and those out of
  // sight are not drawn.
  draw(source, fields, sensors, from, to) {
    const layout = JSON.stringify([fields.map((f) => f.name), sensors]);
    if (layout !== this.layout) this.build(fields, sensors, layout);
    this.drawn = [source, fields, from, to];
    for (const field of fields) this.drawField(source, field.name, from, to);
  }

  drawField(source, field, from, to) {
    const plots = this.plots.filter((plot) => plot.field.name === field && plot.visible);
    if (!plots.length) return;
    const points = source.inPoints(to - from, Math.max(FEWEST_POINTS, plots[0].figure.clientWidth));
    for (const plot of plots) {
      plot.uplot ??= this.plot(plot.figure, plot.field, plot.sensors, plot.small);
      plot.data = columns(points, field, plot.sensors, from, to);
    }
    const range = this.range(field, to - from, extent(plots.map((plot) => plot.data)));
    for (const { uplot, data } of plots) {
      uplot.batch(() => {
        uplot.setData(data, false);
        uplot.setScale("x", { min: from, max: to });
        if (range) uplot.setScale("y", { min: range[0], max: range[1] });
      });
    }
  }

  // A shared range per field that only grows while the window stays the same, so that axes do not jump.
  range(field, span, found) {
    const key = `${field} ${Math.round(span)}`;
    const known = this.ranges.get(key);
    if (!found) return known;
    if (!known || found[0] < known[0] || found[1] > known[1] || found[1] - found[0] < (known[1] - known[0]) / 3) this.ranges.set(key, found);
    return this.ranges.get(key);
  }

  // What came into sight is drawn at once.
  seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const plot = this.plots.find(({ figure }) => figure === target);
      if (plot) plot.visible = isIntersecting;
    }
    if (this.drawn) for (const field of this.drawn[1]) this.drawField(this.drawn[0], field.name, this.drawn[2], this.drawn[3]);
    this.fit();
  }

  build(fields, sensors, layout) {
    for (const plot of this.plots) plot.uplot?.destroy();
    this.sight.disconnect();
    this.layout = layout;
    this.plots = [];
    const small = sensors.length > MOST_OVERLAID;
    const sections = fields.map((field) => this.section(field, sensors, small));
    this.root.replaceChildren(...sections);
    for (const plot of this.plots) {
      // Asked for here and now, because the observer answers only after this frame.
      const { top, bottom } = plot.figure.getBoundingClientRect();
      plot.visible = bottom > -NEAR_PX && top < innerHeight + NEAR_PX;
      this.sight.observe(plot.figure);
    }
    this.ranges.clear();
    this.fit();
  }

  section(field, sensors, small) {
    const plots = el("div", { class: small ? "plots small" : "plots" });
    const unit = field.unit ? el("span", { class: "quiet" }, field.unit) : null;
    const section = el("section", { class: "card chart", "data-field": field.name }, el("h2", {}, bdi(field.name), " ", unit), plots);
    const groups = small ? sensors.map((sensor) => [sensor]) : [sensors];
    for (const group of groups) {
      const figure = el("figure", { class: small ? "small" : "large" }, small ? el("figcaption", {}, bdi(group[0])) : null);
      plots.append(figure);
      this.plots.push({ field, sensors: group, figure, small, visible: false, uplot: null });
    }
    return section;
  }

  plot(figure, field, sensors, small) {
    const series = sensors.flatMap((sensor, i) => this.lines(sensor, i, field));
    const bands = sensors.map((_, i) => ({ series: [3 * i + 3, 3 * i + 2], fill: `${colour(small ? 0 : i)}40` }));
    const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 } };
    const options = {
      width: Math.floor(figure.clientWidth) || 300, height: small ? 110 : 260, ms: 1, padding: [8, 8, 0, 0],
      legend: { show: !small, live: true },
      cursor: { sync: { key: "streamwatch", scales: ["x", null] }, drag: { x: true, y: false }, bind: { dblclick: () => () => this.onLive() } },
      scales: { x: { time: true, auto: false }, y: { auto: false, range: (_, min, max) => (min === null || max === null ? [0, 1] : [min, max]) } },
      series: [{ value: (_, t) => (t === null ? "" : moment(t)) }, ...series],
      bands,
      axes: [{ ...axis, space: small ? 70 : 80, size: 28, values: (_, ticks, __, ___, step) => ticks.map((t) => tick(t, step)) }, { ...axis, size: small ? 40 : 52, space: small ? 18 : 26 }],
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
      if (uplot && width && width !== uplot.width) uplot.setSize({ width, height: uplot.height });
    }
  }
}
