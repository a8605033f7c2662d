// The stream's page: wires the socket to the charts, the tables and the words.

import { Charts } from "./charts.js";
import { byName, count, moment } from "./format.js";
import { Groups } from "./groups.js";
import { Live } from "./live.js";
import { Past } from "./past.js";
import { SensorTable } from "./sensors.js";
import { setText } from "./dom.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const REDRAW_MS = 250;
const MOST_CHARTED = 60;
// The edge of what the page has in memory is a little ragged.
const EDGE_MS = 10000;
const FEWEST_POINTS = 200;
const $ = (id) => document.getElementById(id);
const boot = JSON.parse($("boot").textContent);

const store = new Store();
const view = new View();
const live = new Live(boot.ws);
const status = new Status($("state"), $("banner"), $("notices"));
const past = new Past(boot.readings, store, () => act(() => {}));
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
  const before = Object.values(past.series).flatMap((found) => Object.keys(found));
  for (const name of [...store.fields, ...before]) {
    if (!fields.some((field) => field.name === name)) fields.push({ name, unit: boot.units[name] || "" });
  }
}

function draw() {
  if (document.hidden || !fields.length) return;
  const [from, to] = view.span(serverNow(), store.oldest);
  const names = [...store.sensors.keys()].filter((name) => view.passes(name)).sort(byName);
  const every = isPast(from) ? [...new Set([...names, ...Object.keys(past.series).filter((name) => view.passes(name))])].sort(byName) : names;
  const chosen = every.filter((name) => view.chosen.has(name));
  const charted = (chosen.length ? chosen : every).slice(0, MOST_CHARTED);
  learnFields();
  const source = sourceOf(askedFor(names, charted), from, to);
  if (!view.frozen || changed) charts.draw(source, fields, charted, from, to);
  table.draw(store, fields, names, view.chosen, serverNow(), Math.max(total, store.sensors.size));
  controls(charted.length, chosen.length || every.length);
  words(source, charted, from, to);
  changed = false;
}

// By name only where somebody chose or there are many: sensors that are silent by now are part of the past too.
function askedFor(names, charted) {
  if (view.chosen.size) return [...view.chosen].filter((name) => view.passes(name)).sort(byName).slice(0, MOST_CHARTED);
  return names.length > MOST_CHARTED ? charted : [];
}

// The last minutes are in memory; for what is older the server is asked.
const isPast = (from) => from < serverNow() - boot.window_ms - EDGE_MS;

function sourceOf(sensors, from, to) {
  if (!isPast(from)) return store;
  const points = Math.max(FEWEST_POINTS, Math.floor($("charts").clientWidth / (sensors.length > 6 ? 4 : 1)));
  past.want(sensors, from, to, points, !view.frozen);
  return past;
}

function words(source, sensors, from, to) {
  const held = view.frozen ? `${moment(from)} to ${moment(to)}. ` : "";
  const state = source !== past ? "" : past.problem || (past.isLoading ? "Reading the past…" : past.gap && `Incomplete: ${past.gap}.`);
  setText($("past"), held + (state || ""));
  $("csv").href = past.address(sensors, from, to, 5000, "csv");
}

function controls(drawn, wanted) {
  $("toolbar").hidden = false;
  for (const button of document.querySelectorAll("[data-window]")) button.setAttribute("aria-pressed", String(Number(button.dataset.window) === view.windowMs));
  $("pause").setAttribute("aria-pressed", String(Boolean(view.frozen)));
  $("later").disabled = !view.frozen;
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

for (const [id, direction] of [["earlier", -1], ["later", 1]]) $(id).addEventListener("click", () => act(() => view.step(direction, serverNow())));
const pause = () => act(() => (view.frozen ? view.follow() : view.freeze(...view.span(serverNow(), store.oldest))));
$("pause").addEventListener("click", pause);
$("filter").value = view.filter;
$("filter").addEventListener("input", (event) => act(() => { view.filter = event.target.value; view.save(); }));
for (const button of document.querySelectorAll("[data-window]")) {
  button.addEventListener("click", () => act(() => { view.windowMs = Number(button.dataset.window); view.follow(); }));
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
export { charts, store };
