// The stream's page: wires the socket to the charts, the tables and the words.

import { Charts } from "./charts.js";
import { Controls } from "./controls.js";
import { KeyboardCursor } from "./cursor.js";
import { Fields } from "./fields.js";
import { byName, moment } from "./format.js";
import { Groups } from "./groups.js";
import { HeatMap } from "./heatmap.js";
import { Live } from "./live.js";
import { Past } from "./past.js";
import { ink } from "./plots.js";
import { SensorTable } from "./sensors.js";
import { setText } from "./dom.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { View } from "./view.js";

// Unasked so many sensors are charted; of those that somebody filtered or chose, as many as the server sends.
const MOST_CHARTED = 60, MOST_CHOSEN = 1000;
const LONGEST_SELECTION = 60000;
const SELECT_EVERY_MS = 300;
// More sensors than these take a moment to judge and to sort: once a second is enough.
const MANY = 300, MANY_EVERY_MS = 1000;
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
const fields = new Fields();
const charts = new Charts($("charts"), {
  title: boot.title,
  label: (sensor) => fields.label(sensor),
  isHidden: (sensor) => view.hidden.has(sensor),
  utc: () => view.utc,
  onZoom: (from, to) => act(() => view.freeze(from, to)),
  onLive: () => act(() => view.follow()),
  onHide: (sensor, isHidden) => view.hide(sensor, isHidden),
});
new KeyboardCursor(charts, $("cursor"));
const heatMap = new HeatMap($("overview"), ink, (sensor) => act(() => view.toggle(sensor)));
let asked = "null", askedAt = 0, tabledAt = 0;
let known = { key: "", names: [] };
let ahead = 0; // how far the server's clock is ahead of this one, in ms
let total = 0;
let changed = true;

const serverNow = () => Date.now() + ahead;

function act(change) {
  change();
  changed = true;
  draw();
}

function draw() {
  fields.learn(store.fields);
  fields.learn(Object.values(past.series).flatMap((found) => Object.keys(found)));
  if (document.hidden || !fields.all.length) return;
  const [from, to] = span();
  const names = namesInOrder();
  const every = isPast(from) ? inOrder([...new Set([...names, ...Object.keys(past.series)])]) : names;
  const chosen = every.filter((name) => view.chosen.has(name));
  const charted = (chosen.length ? chosen : every).slice(0, chosen.length || view.filter ? MOST_CHOSEN : MOST_CHARTED);
  select(charted);
  const source = sourceOf(askedFor(names, charted), from, to);
  if (!view.frozen || changed) charts.draw(source, fields.all, charted, from, to);
  charts.tellBreaches((sensor, field) => store.sensors.get(sensor)?.latest.get(field));
  judge(names);
  controls.draw(charted.length, chosen.length || every.length);
  words(source, charted, from, to);
  changed = false;
}

// Sorting many names takes longer than drawing them: done when there are others.
function namesInOrder() {
  const key = JSON.stringify([store.sensors.size, view.filter, fields.labels]);
  if (key !== known.key) known = { key, names: inOrder([...store.sensors.keys()]) };
  return known.names;
}

// Where there are more sensors than the server sends unasked, those that are charted are asked for.
function select(charted) {
  const wanted = store.sensors.size > boot.most_sensors ? [...charted].sort() : null;
  while (wanted && JSON.stringify(wanted).length > LONGEST_SELECTION) wanted.length = Math.floor(wanted.length * 0.9);
  const key = JSON.stringify(wanted);
  if (key === asked || Date.now() - askedAt < SELECT_EVERY_MS || !live.select(wanted)) return;
  [asked, askedAt] = [key, Date.now()];
  store.keep(wanted);
}

function judge(names) {
  const isMany = names.length > MANY;
  if (isMany && !changed && Date.now() - tabledAt < MANY_EVERY_MS) return;
  tabledAt = Date.now();
  const rows = table.draw(store, fields, names, view.chosen, serverNow(), Math.max(total, store.sensors.size));
  if (store.sensors.size > boot.most_sensors) heatMap.draw(rows, view.chosen);
}

const span = () => view.span(serverNow(), store.oldest);
const isWanted = (name) => view.passes(name) || view.passes(fields.label(name));
const inOrder = (names) => names.filter(isWanted).sort((a, b) => byName(fields.label(a), fields.label(b)));

// By name only where somebody chose or there are many: sensors that are silent by now are part of the past too.
function askedFor(names, charted) {
  if (view.chosen.size) return [...view.chosen].filter(isWanted).sort(byName).slice(0, MOST_CHARTED);
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

live.addEventListener("connection", ({ detail }) => status.connection(detail));
live.addEventListener("hello", ({ detail }) => {
  if (detail.epoch !== live.resume.epoch) store.clear(detail.window_ms, detail.bucket_ms);
  live.resume = { frames: live.resume.epoch === detail.epoch ? live.resume.frames : null, epoch: detail.epoch };
  fields.take(detail);
  asked = "null";
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
live.addEventListener("overview", ({ detail }) => store.takeOverview(detail));
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

const controls = new Controls(view, { act, draw, span, serverNow, restyle: () => charts.anew() });
document.addEventListener("visibilitychange", draw);
live.connect();

// For whoever wants to look at what the page knows, tests among them.
export { charts, store };
