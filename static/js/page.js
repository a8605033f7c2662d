// The stream's page: wires the socket to the charts, the tables and the words.

import { Charts } from "./charts.js";
import { byName, count } from "./format.js";
import { Groups } from "./groups.js";
import { Live } from "./live.js";
import { SensorTable } from "./sensors.js";
import { setText } from "./dom.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const REDRAW_MS = 250;
const MOST_CHARTED = 60;
const $ = (id) => document.getElementById(id);
const boot = JSON.parse($("boot").textContent);

const store = new Store();
const view = new View();
const live = new Live(boot.ws);
const status = new Status($("state"), $("banner"), $("notices"));
const groups = new Groups($("side"));
const table = new SensorTable($("sensors"), $("sensors-count"), (sensor) => act(() => view.toggle(sensor)));
const charts = new Charts($("charts"), (from, to) => act(() => view.freeze(from, to)), () => act(() => view.follow()));
let fields = [];
let ahead = 0; // how far the server's clock is ahead of this one, in ms
let total = 0;
let changed = true;

const serverNow = () => Date.now() + ahead;

function act(change) {
  change();
  changed = true;
  draw();
}

function learnFields() {
  for (const name of store.fields) {
    if (!fields.some((field) => field.name === name)) fields.push({ name, unit: boot.units[name] || "" });
  }
}

function draw() {
  if (document.hidden || !fields.length) return;
  const names = [...store.sensors.keys()].filter((name) => view.passes(name)).sort(byName);
  const chosen = names.filter((name) => view.chosen.has(name));
  const charted = (chosen.length ? chosen : names).slice(0, MOST_CHARTED);
  const [from, to] = view.span(serverNow(), store.oldest);
  learnFields();
  if (!view.frozen || changed) charts.draw(store, fields, charted, from, to);
  table.draw(store, fields, names, view.chosen, serverNow(), Math.max(total, store.sensors.size));
  controls(charted.length, chosen.length || names.length);
  changed = false;
}

function controls(drawn, wanted) {
  $("toolbar").hidden = false;
  for (const button of document.querySelectorAll("[data-window]")) button.setAttribute("aria-pressed", String(Number(button.dataset.window) === view.windowMs));
  $("pause").setAttribute("aria-pressed", String(Boolean(view.frozen)));
  setText($("pause"), view.frozen ? `Resume (${count(view.waiting)} new)` : "Pause");
  const cut = drawn < wanted ? `${count(drawn)} of ${count(wanted)} sensors drawn; filter or choose. ` : "";
  setText($("span"), cut + (view.chosen.size ? "Chosen sensors only; click them again for all." : ""));
}

live.addEventListener("connection", ({ detail }) => status.connection(detail));
live.addEventListener("hello", ({ detail }) => {
  if (detail.epoch !== live.resume.epoch) store.clear(detail.window_ms, detail.bucket_ms);
  live.resume = { frames: live.resume.epoch === detail.epoch ? live.resume.frames : null, epoch: detail.epoch };
  fields = detail.fields;
  total = detail.sensors_total;
  changed = true;
});
live.addEventListener("history", ({ detail }) => {
  live.resume.frames = detail.id === "0-0" ? null : detail.id;
  store.takeHistory(detail);
  if (detail.t.length && detail.since) status.takeFrame();
  view.waiting += detail.since ? detail.t.length : 0;
  changed = !view.frozen;
  draw();
});
live.addEventListener("frame", ({ detail }) => {
  live.resume.frames = detail.id;
  store.takeFrame(detail);
  status.takeFrame();
  for (const fields of Object.values(detail.readings)) view.waiting += Object.keys(fields).length ? 1 : 0;
});
live.addEventListener("metrics", ({ detail }) => {
  status.takeMetrics(detail, serverNow() - detail.t);
  groups.draw(detail);
});
live.addEventListener("metrics_history", ({ detail }) => groups.takeHistory(detail));
live.addEventListener("state", ({ detail }) => {
  ahead = detail.now - Date.now();
  status.takeState(detail);
});
live.addEventListener("notice", ({ detail }) => status.notice(detail));

const pause = () => act(() => (view.frozen ? view.follow() : view.freeze(...view.span(serverNow(), store.oldest))));
$("pause").addEventListener("click", pause);
$("filter").value = view.filter;
$("filter").addEventListener("input", (event) => act(() => { view.filter = event.target.value; view.save(); }));
for (const button of document.querySelectorAll("[data-window]")) {
  button.addEventListener("click", () => act(() => { view.windowMs = Number(button.dataset.window); view.follow(); view.save(); }));
}
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, button, a, summary");
  if (event.key === "Escape") act(() => view.follow());
  else if (event.key === " " && !typing) {
    event.preventDefault();
    pause();
  }
});
document.addEventListener("visibilitychange", draw);
setInterval(draw, REDRAW_MS);
live.connect();

// For whoever wants to look at what the page knows, tests among them.
export { store };
