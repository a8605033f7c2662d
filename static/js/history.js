// A group's history: charts on one time axis, and what operators did marked on them.

import { el } from "./dom.js";
import { FigureChart } from "./figure.js";
import { duration } from "./format.js";

const EVERY_MS = 10000;
const boot = JSON.parse(document.getElementById("boot").textContent);
const root = document.getElementById("history");
const shown = { from: 0, to: 0, marks: [] };
const charts = [
  { title: "Lag", unit: "entries", names: { lag: "lag" } },
  { title: "Pending", unit: "entries", names: { pending: "pending" } },
  { title: "Behind and oldest pending", unit: "time", names: { behind_ms: "behind", oldest_pending_ms: "oldest pending" } },
  { title: "Delivered and acked", unit: "per second", names: { delivered_per_s: "delivered", acked_per_s: "acked" } },
].map((about) => new FigureChart(about, shown));
let spanMs = 900000;

function draw(found, from, to) {
  Object.assign(shown, { from, to, marks: found.marks });
  if (!root.children.length) root.append(...charts.map(({ element }) => element));
  for (const chart of charts) chart.draw(found);
}

function list(marks) {
  const place = document.getElementById("marks");
  const items = marks.slice().reverse().map(({ t, text, actor, id }) => el("li", {}, el("time", { datetime: new Date(t).toISOString() }, new Date(t).toLocaleString([], { hour12: false })), " ", id ? el("a", { href: `/incidents/${id}/` }, text) : `${actor ? `${actor}: ` : ""}${text}`));
  place.replaceChildren(...(items.length ? items : [el("li", { class: "empty" }, "Nothing in this span.")]));
}

async function load() {
  if (document.hidden) return;
  const span = spanMs, to = Date.now(), from = to - span;
  const url = new URL(boot.history, location.href);
  url.search = new URLSearchParams({ from, to, points: Math.max(100, Math.min(900, root.clientWidth)) });
  const said = document.getElementById("resolution");
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10000) });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error.text);
    if (span !== spanMs) return; // another one was asked for meanwhile
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
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) chart.clear();
  load();
});
setInterval(load, EVERY_MS);
load();
