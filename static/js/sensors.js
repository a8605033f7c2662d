// The sensor table: last values, ages, and which sensors are drawn. Silent ones come first and say so in words.

import { breach } from "./bounds.js";
import { bdi, el, setText } from "./dom.js";
import { age, byName, count, duration, valued } from "./format.js";

const SILENT_MS = 10000;
const SILENT_CADENCES = 5;
const MOST_ROWS = 100;
const WORSE = { warning: 1, bad: 2 };

export class SensorTable {
  // `whole` is what the readings are called that name no sensor.
  constructor(section, whole, onToggle) {
    const [table, tally, subject] = ["table", "#sensors-count", "[data-subject]"].map((part) => section.querySelector(part));
    Object.assign(this, { table, tally, subject, whole, onToggle, rows: new Map(), layout: "" });
  }

  // Rows for all of these sensors, the worst first; the table shows the first of them. What is known may be `behind` (ms) of
  // what there is: who was silent then may have spoken since.
  draw(store, known, names, chosen, now, behind, total) {
    const fields = known.all;
    this.head(fields, store.hasSensors(this.whole));
    const every = names.map((name) => this.describe(store, fields, name, known.label(name), now, behind));
    every.sort((a, b) => b.silent - a.silent || b.worst - a.worst || byName(a.label, b.label));
    const rows = every.slice(0, MOST_ROWS);
    rows.forEach((row) => this.patch(store.sensors.get(row.name), fields, row, chosen));
    const wanted = rows.map((row) => this.rows.get(row.name).element);
    const body = this.table.tBodies[0];
    if (!wanted.length && !body.querySelector(".empty")) body.replaceChildren(this.none(fields, total));
    else if (wanted.length && wanted.some((element, i) => body.children[i] !== element)) body.replaceChildren(...wanted);
    else while (wanted.length && body.children.length > wanted.length) body.lastElementChild.remove();
    setText(this.tally, rows.length === total ? count(total) : `${count(rows.length)} of ${count(total)}`);
    return every;
  }

  none(fields, total) {
    const text = total ? "No sensor has this in its name. Clear the filter to see all." : "No readings yet.";
    return el("tr", {}, el("td", { class: "empty", colspan: fields.length + 3 }, text));
  }

  describe(store, fields, name, label, now, behind) {
    const sensor = store.sensors.get(name);
    const silentMs = Math.max(0, now - sensor.lastMs);
    const first = sensor.fields.keys().next().value;
    const cadence = (first && store.cadence(name, first, now - 300000, now)) || sensor.usualMs || 0;
    const breaches = fields.map((field) => breach(sensor.latest.get(field.name), field));
    const worst = Math.max(0, ...breaches.map((found) => (found ? WORSE[found.level] : 0)));
    return { name, label, breaches, worst, ageMs: silentMs, silent: silentMs - behind > Math.max(SILENT_MS, SILENT_CADENCES * cadence) };
  }

  head(fields, hasSensors) {
    const layout = JSON.stringify([fields, hasSensors]);
    if (layout === this.layout) return;
    Object.assign(this, { layout, hasSensors });
    setText(this.subject, hasSensors ? "Sensors" : "Last values");
    this.tally.hidden = !hasSensors;
    this.rows.clear();
    const cells = fields.map((field) => el("th", { scope: "col", class: "number" }, bdi(field.label)));
    const ends = [el("th", { scope: "col" }, "Last seen"), el("th", { scope: "col", class: "number" }, "Readings")];
    this.table.tHead.replaceChildren(el("tr", {}, el("th", { scope: "col" }, hasSensors ? "Sensor" : "Entries"), ...cells, ...ends));
  }

  row(name, label, fields) {
    if (this.rows.get(name)?.label !== label) {
      const title = label === name ? "Show only the chosen sensors" : `${name}: show only the chosen sensors`;
      const button = this.hasSensors ? el("button", { type: "button", class: "toggle", title }, bdi(label)) : bdi(label);
      button.addEventListener("click", () => this.onToggle(name));
      const values = fields.map(() => el("td", { class: "number" }));
      const seen = el("td"), counted = el("td", { class: "number" });
      const element = el("tr", { "data-sensor": name }, el("th", { scope: "row" }, button), ...values, seen, counted);
      this.rows.set(name, { label, element, button, values, seen, counted });
    }
    return this.rows.get(name);
  }

  patch(sensor, fields, { name, label, breaches, ageMs, silent }, chosen) {
    const row = this.row(name, label, fields);
    fields.forEach((field, i) => {
      const last = sensor.latest.get(field.name);
      const value = valued(last, field);
      setText(row.values[i], breaches[i] ? `${value} ${breaches[i].words}` : value);
      row.values[i].dataset.level = breaches[i] ? breaches[i].level : "";
    });
    setText(row.seen, silent ? `stale: last seen ${duration(Math.round(ageMs / 1000) * 1000)} ago` : age(ageMs));
    row.element.classList.toggle("stale", silent);
    if (this.hasSensors) row.button.setAttribute("aria-pressed", String(chosen.has(name)));
    setText(row.counted, sensor.count === null ? "–" : count(sensor.count));
  }
}
