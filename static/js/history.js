// A group's history: charts on one time axis, and what operators did marked on them.

import uPlot from "../uplot/uPlot.esm.js";
import { el } from "./dom.js";
import { clock, count, duration } from "./format.js";

const EVERY_MS = 10000;
const CHARTS = [
  ["Lag", "entries", ["lag"]], ["Pending", "entries", ["pending"]], ["Behind and oldest pending", "time", ["behind_ms", "oldest_pending_ms"]],
  ["Delivered and acked", "per second", ["delivered_per_s", "acked_per_s"]],
];
const WORDS = { lag: "lag", pending: "pending", behind_ms: "behind", oldest_pending_ms: "oldest pending", delivered_per_s: "delivered/s", acked_per_s: "acked/s" };
const boot = JSON.parse(document.getElementById("boot").textContent);
const root = document.getElementById("history");
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
let spanMs = 900000;
let charts = [];

const written = (unit) => (value) => (value === null || value === undefined ? "unknown" : unit === "time" ? duration(value) : unit === "per second" ? value.toFixed(1) : count(Math.round(value)));

function markLines(marks) {
  return { hooks: { draw: [(u) => {
    u.ctx.save();
    u.ctx.strokeStyle = style("--warn");
    u.ctx.setLineDash([4, 3]);
    for (const { t } of marks) {
      const x = Math.round(u.valToPos(t / 1000, "x", true));
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
      u.ctx.beginPath();
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
      u.ctx.stroke();
    }
    u.ctx.restore();
  }] } };
}

const moment = (ms, span) => (span > 86400000 ? `${new Date(ms).toLocaleDateString([], { month: "short", day: "numeric" })} ${clock(ms, false)}` : clock(ms, false));

function options(unit, names, marks, width, from, to) {
  const axis = { stroke: style("--quiet"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line"), width: 1 } };
  const series = names.flatMap((name, i) => {
    const stroke = style(`--series-${i + 1}`);
    return [{ label: WORDS[name], stroke, width: 1, dash: i ? [6, 3] : [], value: (u, v, i, at) => (at === null ? "–" : written(unit)(v)) }, { class: "edge", stroke: "transparent" }];
  });
  return {
    width, height: 170, cursor: { sync: { key: "history" }, drag: { x: false, y: false } }, plugins: [markLines(marks)],
    scales: { x: { range: [from / 1000, to / 1000] }, y: { range: (u, low, high) => [0, Math.max(unit === "time" ? 1000 : 1, high || 1) * 1.05] } },
    axes: [{ ...axis, space: 70, values: (u, ticks) => ticks.map((t) => moment(t * 1000, to - from)) }, { ...axis, size: 74, values: (u, ticks) => ticks.map((v) => (unit === "time" ? duration(Math.round(v)) : count(v))) }],
    series: [{ value: (u, t) => (t === null ? "–" : moment(t * 1000, 2 * 86400000)) }, ...series],
    bands: names.map((name, i) => ({ series: [2 * i + 1, 2 * i + 2], fill: `${style(`--series-${i + 1}`)}33` })),
  };
}

function draw({ t, figures, marks }, from, to) {
  for (const chart of charts) chart.destroy();
  charts = [];
  root.replaceChildren(...CHARTS.map(([title, unit, names]) => {
    const known = names.filter((name) => figures[name]);
    const card = el("section", { class: "card" }, el("h2", {}, title));
    if (!known.some((name) => figures[name].max.some((value) => value !== null))) card.append(el("p", { class: "empty" }, "Nothing is known of this span yet."));
    else {
      const data = [t.map((ms) => ms / 1000), ...known.flatMap((name) => [figures[name].max, figures[name].min])];
      charts.push(new uPlot(options(unit, known, marks, root.clientWidth - 30, from, to), data, card));
    }
    return card;
  }));
}

function list(marks) {
  const place = document.getElementById("marks");
  const items = marks.slice().reverse().map(({ t, text, actor, id }) => el("li", {}, el("time", { datetime: new Date(t).toISOString() }, new Date(t).toLocaleString([], { hour12: false })), " ", id ? el("a", { href: `/incidents/${id}/` }, text) : `${actor ? `${actor}: ` : ""}${text}`));
  place.replaceChildren(...(items.length ? items : [el("li", { class: "empty" }, "Nothing in this span.")]));
}

async function load() {
  if (document.hidden) return;
  const to = Date.now(), from = to - spanMs;
  const url = new URL(boot.history, location.href);
  url.search = new URLSearchParams({ from, to, points: Math.max(100, Math.min(900, root.clientWidth)) });
  const said = document.getElementById("resolution");
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10000) });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error.text);
    draw(found, from, to);
    list(found.marks);
    said.textContent = `figures every ${duration(found.resolution_s * 1000)}; the band is the least and the most in between`;
  } catch (error) {
    said.textContent = `The history could not be loaded: ${error.message}`;
  }
}

for (const button of document.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    spanMs = Number(button.dataset.span);
    for (const other of document.querySelectorAll("[data-span]")) other.setAttribute("aria-pressed", String(other === button));
    load();
  });
}
addEventListener("resize", load);
document.addEventListener("visibilitychange", load);
setInterval(load, EVERY_MS);
load();
