// What one field has on the page: its name, who is beyond its bounds, its charts on one y axis, and the same as a table.

import { tellBreaches } from "./bounds.js";
import { columns, extent } from "./columns.js";
import { arrange, bdi, el, setText } from "./dom.js";
import { tellNewest } from "./newest.js";
import { download } from "./picture.js";
import { makePlot, paint } from "./plots.js";
import { SteadyRange } from "./steady.js";
import { PointsTable } from "./table.js";

// A chart has about a point to a pixel, and no fewer than these.
const FEWEST_POINTS = 100;

export class Panel {
  // `how` says how sensors are called and shown: see plots.js.
  constructor(field, how) {
    Object.assign(this, { field, how, sensors: [], plots: [], range: new SteadyRange(), isFolded: null });
    this.place = el("div");
    this.beyond = el("span", { class: "beyond", role: "status" });
    this.none = el("span", { class: "none quiet" });
    this.picture = el("button", { type: "button", class: "plain", title: "A picture of these charts" }, "PNG");
    this.picture.addEventListener("click", () => download(this));
    this.table = new PointsTable(() => this.drawTable(true));
    this.element = el("section", { class: "card chart", "data-field": field.name }, this.title(), this.place, this.table.element);
  }

  title() {
    const { name, label, unit } = this.field;
    const parts = [bdi(label), " ", unit ? el("span", { class: "quiet" }, unit) : null, " ", this.none, this.beyond, el("span", { class: "tools" }, this.picture)];
    return el("h2", { title: label === name ? null : name }, ...parts);
  }

  // Charts of these sensors: few over each other, with these looks; more as small multiples, of those that are `known` to
  // have the field. Charts that are there already stay as they are.
  lay(sensors, looks, knownToHave) {
    const known = new Map(this.plots.map((plot) => [plot.key, plot]));
    if (sensors.join() !== this.sensors.join()) this.isFolded = null;
    this.sensors = sensors;
    this.plots = (looks ? [sensors] : knownToHave.map((sensor) => [sensor])).map((group) => {
      const key = JSON.stringify([looks, group, group.map(this.how.label)]);
      const plot = known.get(key) ?? this.plot(group, looks, key);
      known.delete(key);
      return plot;
    });
    for (const gone of known.values()) gone.uplot?.destroy();
    this.place.className = looks ? "plots" : "plots small";
    arrange(this.place, this.plots.map(({ figure }) => figure));
  }

  plot(sensors, looks, key) {
    const named = sensors.map(this.how.label).join(", "), small = !looks;
    const words = `${this.field.label} of ${named || "no sensor"}. Arrow keys move from reading to reading.`;
    const there = small ? el("span", { class: "there" }) : null;
    const caption = small ? el("figcaption", {}, bdi(named), " ", there) : null;
    const figure = el("figure", { class: small ? "small" : "large", tabindex: "0", role: "group", "aria-label": words }, caption);
    return { key, field: this.field, sensors, looks: looks ?? [0], figure, small, there, words: [], visible: false, uplot: null };
  }

  destroy() {
    for (const plot of this.plots) {
      plot.uplot?.destroy();
      Object.assign(plot, { uplot: null, words: [] });
    }
  }

  draw(source, from, to) {
    this.drawn = [source, from, to];
    if (source.isKnown) this.fold(!this.sensors.some((sensor) => source.has(sensor, this.field.name, from, to)));
    this.drawPlots();
    this.drawTable();
  }

  // Where there is nothing to see in the window, one line says so. A chart that has the focus stays, and so do those that are
  // held: who zoomed into an empty span needs them to come back.
  fold(isEmpty) {
    const stays = this.isFolded === false && (this.how.isHeld() || this.place.contains(document.activeElement));
    const isFolded = isEmpty && !stays;
    const some = this.sensors.length > 1 ? "no values of these sensors in this window" : "no values in this window";
    setText(this.none, isFolded ? (this.sensors.length ? some : "no sensor to show") : "");
    if (isFolded === this.isFolded) return;
    for (const part of [this.place, this.table.element, this.picture]) part.hidden = isFolded;
    this.element.classList.toggle("folded", isFolded);
    this.isFolded = isFolded;
  }

  // Charts out of sight are not drawn.
  get inSight() {
    return this.drawn && !this.isFolded ? this.plots.filter((plot) => plot.visible) : [];
  }

  drawPlots() {
    const plots = this.inSight;
    if (!plots.length) return;
    const [source, from, to] = this.drawn;
    const points = source.inPoints(to - from, Math.max(FEWEST_POINTS, plots[0].figure.clientWidth));
    for (const plot of plots) {
      plot.uplot ??= makePlot(plot, this.how);
      plot.data = columns(points, this.field.name, plot.sensors, from, to);
    }
    const range = this.range.over(to - from, extent(plots.map((plot) => plot.data)));
    for (const plot of plots) paint(plot, from, to, range);
  }

  tellNewest() {
    for (const plot of this.inSight) if (plot.uplot) tellNewest(plot, this.how, this.drawn[2]);
  }

  drawTable(now = false) {
    // Held charts are drawn when something changed, and not again.
    if (this.drawn && !this.isFolded) this.table.draw(this, now || this.how.isHeld());
  }

  // Which sensors are beyond the field's bounds, said beside its name.
  tellBreaches(lastOf) {
    const { words, level } = tellBreaches(this.sensors, this.field, lastOf, this.how.label);
    setText(this.beyond, words);
    this.beyond.dataset.level = level;
  }
}
