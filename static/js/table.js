// A chart as a table: the same points, the newest first.

import { columns } from "./columns.js";
import { bdi, el } from "./dom.js";
import { count, moment, reading } from "./format.js";

const MOST_ROWS = 200;
const POINTS = 200;
const EVERY_MS = 1000;

// What opens to show a panel's points. While the focus is in it, it stays as it is.
export class PointsTable {
  constructor(onToggle) {
    this.drawnAt = 0;
    this.element = el("details", { class: "as-table" }, el("summary", {}, "View as table"), el("div"));
    this.element.addEventListener("toggle", onToggle);
  }

  draw({ field, sensors: all, how, drawn: [source, from, to] }, now) {
    const isTime = Date.now() - this.drawnAt >= EVERY_MS && !this.element.contains(document.activeElement);
    if (!this.element.open || !(now || isTime)) return;
    this.drawnAt = Date.now();
    const sensors = all.filter((sensor) => !how.isHidden(sensor));
    const data = columns(source.inPoints(to - from, POINTS), field.name, sensors, from, to);
    this.element.lastElementChild.replaceChildren(...tableOf(data, field, sensors.map(how.label)));
  }
}

// [{ t, values: [[mean, low, high] or null] }] of the points that have a reading, the newest first.
export function rowsOf(data) {
  const [times] = data;
  const rows = [];
  for (let i = times.length - 1; i >= 0; i--) {
    const values = [];
    for (let s = 1; s < data.length; s += 3) values.push(data[s][i] === undefined || data[s][i] === null ? null : [data[s][i], data[s + 1][i], data[s + 2][i]]);
    if (values.some((value) => value !== null)) rows.push({ t: times[i], values });
  }
  return rows;
}

export function written([mean, low, high], field) {
  const one = (value) => reading(value, field.decimals);
  return low === high ? one(mean) : `${one(mean)} (${one(low)}–${one(high)})`;
}

export function tableOf(data, field, names) {
  const rows = rowsOf(data);
  const shown = rows.slice(0, MOST_ROWS);
  const unit = field.unit ? `, ${field.unit}` : "";
  const words = `${count(shown.length)} of ${count(rows.length)} points, the newest first. Mean (lowest–highest)${unit}.`;
  const head = el("tr", {}, el("th", { scope: "col" }, "Time"), ...names.map((name) => el("th", { scope: "col", class: "number" }, bdi(name))));
  const body = shown.map(({ t, values }) => el("tr", {}, el("th", { scope: "row" }, moment(t)), ...values.map((value) => el("td", { class: "number" }, value ? written(value, field) : "–"))));
  return [el("p", { class: "quiet" }, words), el("div", { class: "scroll tall", tabindex: "0", role: "group", "aria-label": "Points" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...body)))];
}
