// The charts: up to six sensors over each other, more as small multiples on shared axes.

import { breach } from "./bounds.js";
import { bdi, el, setText } from "./dom.js";
import { columns, extent } from "./columns.js";
import { count } from "./format.js";
import { download } from "./picture.js";
import { colour, ink, makePlot, MOST_OVERLAID, thin } from "./plots.js";
import { tableOf } from "./table.js";

// Charts this near to the window's edge are drawn as if they were in it, so that scrolling shows them at once.
const NEAR_PX = 300;
// A chart has about a point to a pixel, and no fewer than these.
const FEWEST_POINTS = 100;
const TABLE_POINTS = 200;
const TABLE_EVERY_MS = 1000;

export class Charts {
  // `how` says how sensors are called and shown: see plots.js.
  constructor(root, how) {
    Object.assign(this, { root, how, plots: [], sections: [], ranges: new Map(), layout: "" });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.anew());
    new ResizeObserver(() => this.fit()).observe(root);
    this.sight = new IntersectionObserver((entries) => this.seen(entries), { rootMargin: `${NEAR_PX}px 0px` });
  }

  // What is drawn is made again when it is drawn next.
  anew() {
    this.layout = "";
  }

  // Draw these sensors over [from, to]; the panels are made anew only when what they show changes, and those out of
  // sight are not drawn.
  draw(source, fields, sensors, from, to) {
    const layout = JSON.stringify([fields, sensors.map((sensor) => [sensor, this.how.label(sensor)])]);
    if (layout !== this.layout) this.build(fields, sensors, layout);
    this.drawn = [source, fields, from, to];
    for (const field of fields) this.drawField(source, field.name, from, to);
    for (const section of this.sections) this.drawTable(section);
  }

  drawField(source, field, from, to) {
    const plots = this.plots.filter((plot) => plot.field.name === field && plot.visible);
    if (!plots.length) return;
    const points = source.inPoints(to - from, Math.max(FEWEST_POINTS, plots[0].figure.clientWidth));
    for (const plot of plots) {
      plot.uplot ??= makePlot(plot, this.how);
      plot.data = columns(points, field, plot.sensors, from, to);
    }
    const range = this.range(field, to - from, extent(plots.map((plot) => plot.data)));
    for (const { uplot, data } of plots) {
      thin(uplot, data[0].length);
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
    this.drawAgain();
    this.fit();
  }

  drawAgain() {
    if (!this.drawn) return;
    const [source, fields, from, to] = this.drawn;
    for (const field of fields) this.drawField(source, field.name, from, to);
  }

  build(fields, sensors, layout) {
    for (const plot of this.plots) plot.uplot?.destroy();
    this.sight.disconnect();
    this.layout = layout;
    this.plots = [];
    const small = sensors.length > MOST_OVERLAID;
    this.sections = fields.map((field) => this.section(field, sensors, small));
    this.root.replaceChildren(...this.sections.map(({ element }) => element));
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
    const beyond = el("span", { class: "beyond", role: "status" });
    const picture = el("button", { type: "button", class: "plain" }, "PNG");
    picture.addEventListener("click", () => this.picture(field));
    const title = el("h2", { title: field.label === field.name ? null : field.name }, bdi(field.label), " ", unit, " ", beyond, el("span", { class: "tools" }, picture));
    const table = el("details", { class: "as-table" }, el("summary", {}, "View as table"), el("div"));
    const element = el("section", { class: "card chart", "data-field": field.name }, title, plots, table);
    const groups = small ? sensors.map((sensor) => [sensor]) : [sensors];
    for (const group of groups) plots.append(this.figure(field, group, small));
    const section = { field, sensors, element, table, beyond, tableAt: 0 };
    table.addEventListener("toggle", () => this.drawTable(section, true));
    return section;
  }

  figure(field, sensors, small) {
    const named = sensors.map(this.how.label).join(", ");
    const words = `${field.label} of ${named || "no sensor"}. Arrow keys move from reading to reading.`;
    const caption = small ? el("figcaption", {}, bdi(named)) : null;
    const figure = el("figure", { class: small ? "small" : "large", tabindex: "0", role: "group", "aria-label": words }, caption);
    this.plots.push({ field, sensors, figure, small, visible: false, uplot: null });
    return figure;
  }

  // Which sensors are beyond the field's bounds, said beside its name.
  tellBreaches(lastOf) {
    for (const { field, sensors, beyond } of this.sections) {
      const found = sensors.map((sensor) => [sensor, breach(lastOf(sensor, field.name), field)]).filter(([, wrong]) => wrong);
      found.sort(([, a], [, b]) => (b.level === "bad") - (a.level === "bad"));
      const [first] = found;
      const more = found.length > 1 ? `, and ${count(found.length - 1)} more` : "";
      setText(beyond, first ? `${first[1].words}: ${this.how.label(first[0])}${more}` : "");
      beyond.dataset.level = first ? first[1].level : "";
    }
  }

  drawTable(section, now = false) {
    const { field, sensors, table } = section;
    if (!table.open || !this.drawn || (!now && (Date.now() - section.tableAt < TABLE_EVERY_MS || table.contains(document.activeElement)))) return;
    section.tableAt = Date.now();
    const [source, , from, to] = this.drawn;
    const data = columns(source.inPoints(to - from, TABLE_POINTS), field.name, sensors, from, to);
    table.lastElementChild.replaceChildren(...tableOf(data, field, sensors.map(this.how.label)));
  }

  // Every chart of the field as one picture, those out of sight too.
  picture(field) {
    const plots = this.plots.filter((plot) => plot.field.name === field.name);
    const before = plots.map(({ visible }) => visible);
    for (const plot of plots) plot.visible = true;
    this.drawAgain();
    this.fit();
    const [, , from, to] = this.drawn;
    // uPlot paints at the end of the task.
    setTimeout(() => {
      download(`${this.how.title}: ${field.label}${field.unit ? `, ${field.unit}` : ""}`, plots, from, to, { ...this.how, ink, colour });
      plots.forEach((plot, i) => (plot.visible = before[i]));
    });
  }

  fit() {
    for (const { figure, uplot } of this.plots) {
      const width = Math.floor(figure.clientWidth);
      if (uplot && width && width !== uplot.width) uplot.setSize({ width, height: uplot.height });
    }
  }
}
