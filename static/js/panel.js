// What one field has on the page: its name, who is beyond its bounds, its charts on one y axis, and the same as a table.

import { breach } from "./bounds.js";
import { columns, extent } from "./columns.js";
import { arrange, bdi, el, setText } from "./dom.js";
import { count } from "./format.js";
import { download } from "./picture.js";
import { makePlot, MOST_OVERLAID, thin } from "./plots.js";
import { SteadyRange } from "./steady.js";
import { tableOf } from "./table.js";

// A chart has about a point to a pixel, and no fewer than these.
const FEWEST_POINTS = 100;
const TABLE_POINTS = 200;
const TABLE_EVERY_MS = 1000;

export class Panel {
  // `how` says how sensors are called and shown: see plots.js.
  constructor(field, how) {
    Object.assign(this, { field, how, sensors: [], plots: [], range: new SteadyRange(), tableAt: 0 });
    this.place = el("div");
    this.beyond = el("span", { class: "beyond", role: "status" });
    this.table = el("details", { class: "as-table" }, el("summary", {}, "View as table"), el("div"));
    this.table.addEventListener("toggle", () => this.drawTable(true));
    this.element = el("section", { class: "card chart", "data-field": field.name }, this.title(), this.place, this.table);
  }

  title() {
    const { name, label, unit } = this.field;
    const picture = el("button", { type: "button", class: "plain", title: "A picture of these charts" }, "PNG");
    picture.addEventListener("click", () => download(this));
    const parts = [bdi(label), " ", unit ? el("span", { class: "quiet" }, unit) : null, " ", this.beyond, el("span", { class: "tools" }, picture)];
    return el("h2", { title: label === name ? null : name }, ...parts);
  }

  // Charts of these sensors: few over each other, more as small multiples. Those that are there already stay as they are.
  lay(sensors) {
    const small = sensors.length > MOST_OVERLAID;
    const known = new Map(this.plots.map((plot) => [plot.key, plot]));
    this.sensors = sensors;
    this.plots = (small ? sensors.map((sensor) => [sensor]) : [sensors]).map((group) => {
      const key = JSON.stringify([small, group, group.map(this.how.label)]);
      const plot = known.get(key) ?? this.plot(group, small, key);
      known.delete(key);
      return plot;
    });
    for (const gone of known.values()) gone.uplot?.destroy();
    this.place.className = small ? "plots small" : "plots";
    arrange(this.place, this.plots.map(({ figure }) => figure));
  }

  plot(sensors, small, key) {
    const named = sensors.map(this.how.label).join(", ");
    const words = `${this.field.label} of ${named || "no sensor"}. Arrow keys move from reading to reading.`;
    const there = small ? el("span", { class: "there" }) : null;
    const caption = small ? el("figcaption", {}, bdi(named), " ", there) : null;
    const figure = el("figure", { class: small ? "small" : "large", tabindex: "0", role: "group", "aria-label": words }, caption);
    return { key, field: this.field, sensors, figure, small, there, visible: false, uplot: null };
  }

  destroy() {
    for (const plot of this.plots) {
      plot.uplot?.destroy();
      plot.uplot = null;
    }
  }

  draw(source, from, to) {
    this.drawn = [source, from, to];
    this.drawPlots();
    this.drawTable();
  }

  // Charts out of sight are not drawn.
  drawPlots() {
    const plots = this.plots.filter((plot) => plot.visible);
    if (!plots.length || !this.drawn) return;
    const [source, from, to] = this.drawn;
    const points = source.inPoints(to - from, Math.max(FEWEST_POINTS, plots[0].figure.clientWidth));
    for (const plot of plots) {
      plot.uplot ??= makePlot(plot, this.how);
      plot.data = columns(points, this.field.name, plot.sensors, from, to);
    }
    const range = this.range.over(to - from, extent(plots.map((plot) => plot.data)));
    for (const { uplot, data } of plots) {
      uplot.batch(() => {
        uplot.setData(data, false);
        thin(uplot);
        uplot.setScale("x", { min: from, max: to });
        if (range) uplot.setScale("y", { min: range[0], max: range[1] });
      });
    }
  }

  drawTable(now = false) {
    const isTime = Date.now() - this.tableAt >= TABLE_EVERY_MS && !this.table.contains(document.activeElement);
    if (!this.table.open || !this.drawn || !(now || isTime)) return;
    this.tableAt = Date.now();
    const [source, from, to] = this.drawn;
    const data = columns(source.inPoints(to - from, TABLE_POINTS), this.field.name, this.sensors, from, to);
    this.table.lastElementChild.replaceChildren(...tableOf(data, this.field, this.sensors.map(this.how.label)));
  }

  // Which sensors are beyond the field's bounds, said beside its name.
  tellBreaches(lastOf) {
    const found = this.sensors.map((sensor) => [sensor, breach(lastOf(sensor, this.field.name), this.field)]).filter(([, wrong]) => wrong);
    found.sort(([, a], [, b]) => (b.level === "bad") - (a.level === "bad"));
    const alike = new Map(found.map(([, { words }]) => [words, found.filter(([, wrong]) => wrong.words === words)]));
    const said = [...alike].map(([words, [[sensor], ...others]]) => `${words}: ${this.how.label(sensor)}${others.length ? `, and ${count(others.length)} more` : ""}`);
    setText(this.beyond, said.join("; "));
    this.beyond.dataset.level = found[0]?.[1].level ?? "";
  }
}
