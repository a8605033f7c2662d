// The sensor table: last values, ages, and which sensors are drawn. Silent ones come first and say so in words.

import { bdi, el, setText } from "./dom.js";
import { age, byName, count, duration, reading } from "./format.js";

const SILENT_MS = 10000;
const SILENT_CADENCES = 5;

export class SensorTable {
  constructor(table, tally, onToggle) {
    Object.assign(this, { table, tally, onToggle, rows: new Map(), layout: "" });
  }

  draw(store, fields, names, chosen, now, total) {
    this.head(fields);
    const rows = names.map((name) => this.describe(store, name, now));
    rows.sort((a, b) => b.silent - a.silent || byName(a.name, b.name));
    rows.forEach((row) => this.patch(store.sensors.get(row.name), fields, row, chosen));
    const wanted = rows.map((row) => this.rows.get(row.name).element);
    const body = this.table.tBodies[0];
    if (!wanted.length && !body.querySelector(".empty")) body.replaceChildren(this.none(fields, total));
    else if (wanted.length && wanted.some((element, i) => body.children[i] !== element)) body.replaceChildren(...wanted);
    else while (wanted.length && body.children.length > wanted.length) body.lastElementChild.remove();
    setText(this.tally, names.length === total ? count(total) : `${count(names.length)} of ${count(total)}`);
  }

  none(fields, total) {
    const text = total ? "No sensor has this in its name. Clear the filter to see all." : "No readings yet.";
    return el("tr", {}, el("td", { class: "empty", colspan: fields.length + 3 }, text));
  }

  describe(store, name, now) {
    const sensor = store.sensors.get(name);
    const silentMs = Math.max(0, now - sensor.lastMs);
    const field = sensor.fields.keys().next().value;
    const cadence = (field && store.cadence(name, field, now - 300000, now)) || 0;
    return { name, ageMs: silentMs, silent: silentMs > Math.max(SILENT_MS, SILENT_CADENCES * cadence) };
  }

  head(fields) {
    const layout = fields.map((field) => field.name).join("\n");
    if (layout === this.layout) return;
    this.layout = layout;
    this.rows.clear();
    const cells = fields.map((field) => el("th", { scope: "col", class: "number" }, bdi(field.name)));
    const ends = [el("th", { scope: "col" }, "Last seen"), el("th", { scope: "col", class: "number" }, "Readings")];
    this.table.tHead.replaceChildren(el("tr", {}, el("th", { scope: "col" }, "Sensor"), ...cells, ...ends));
  }

  row(name, fields) {
    if (!this.rows.has(name)) {
      const button = el("button", { type: "button", class: "toggle", title: "Show only the chosen sensors" }, bdi(name));
      button.addEventListener("click", () => this.onToggle(name));
      const values = fields.map(() => el("td", { class: "number" }));
      const seen = el("td"), counted = el("td", { class: "number" });
      const element = el("tr", { "data-sensor": name }, el("th", { scope: "row" }, button), ...values, seen, counted);
      this.rows.set(name, { element, button, values, seen, counted });
    }
    return this.rows.get(name);
  }

  patch(sensor, fields, { name, ageMs, silent }, chosen) {
    const row = this.row(name, fields);
    fields.forEach((field, i) => {
      const series = sensor.fields.get(field.name);
      setText(row.values[i], series ? `${reading(series.last)} ${field.unit}`.trim() : "–");
    });
    setText(row.seen, silent ? `stale: last seen ${duration(Math.round(ageMs / 1000) * 1000)} ago` : age(ageMs));
    row.element.classList.toggle("stale", silent);
    row.button.setAttribute("aria-pressed", String(chosen.has(name)));
    setText(row.counted, sensor.count === null ? "" : count(sensor.count));
  }
}
