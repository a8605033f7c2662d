// The stream's page: wires the socket to the charts, the tables and the words.

import { Charts } from "./charts.js";
import { ink } from "./colours.js";
import { Controls } from "./controls.js";
import { KeyboardCursor } from "./cursor.js";
import { Fields } from "./fields.js";
import { moment } from "./format.js";
import { Groups } from "./groups.js";
import { HeatMap } from "./heatmap.js";
import { Live } from "./live.js";
import { listen } from "./messages.js";
import { Past } from "./past.js";
import { Selection } from "./selection.js";
import { SensorTable } from "./sensors.js";
import { setText } from "./dom.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { TouchZoom } from "./touch.js";
import { View } from "./view.js";

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
const table = new SensorTable($("latest"), boot.whole, (sensor) => act(() => view.toggle(sensor)));
const fields = new Fields();
const selection = new Selection(store, view, fields, boot.most_sensors);
const charts = new Charts($("charts"), {
  title: boot.title,
  label: (sensor) => fields.label(sensor),
  isHidden: (sensor) => view.hidden.has(sensor),
  utc: () => view.utc,
  isHeld: () => Boolean(view.frozen),
  newest: (sensor, field) => store.newest(sensor, field),
  onZoom: (from, to) => act(() => view.freeze(from, to)),
  onLive: () => act(() => view.follow()),
  onHide: (sensor, isHidden) => {
    act(() => {
      view.hide(sensor, isHidden);
      charts.show(sensor, !isHidden);
    });
  },
});
new KeyboardCursor(charts, $("cursor"));
new TouchZoom(charts);
const heatMap = new HeatMap($("overview"), ink, (sensor) => act(() => view.toggle(sensor)));
const page = { ahead: 0, total: 0, completeFrom: 0, behind: 0, changed: true, draw };
let judgedAt = 0;

const serverNow = () => Date.now() + page.ahead;
const span = () => view.span(serverNow());

function act(change) {
  change();
  page.changed = true;
  draw();
}

function draw() {
  fields.learn(store.fields);
  fields.learn(Object.values(past.series).flatMap((found) => Object.keys(found)));
  if (document.hidden || !fields.all.length) return;
  const [from, to] = span();
  const names = selection.names();
  const [charted, wanted] = selection.charted(names, isPast(from) ? Object.keys(past.series) : []);
  selection.request(charted, live);
  const source = sourceOf(selection.ofPast(names, charted), from, to);
  if (!view.frozen || page.changed) charts.draw(source, fields.all, charted, from, to);
  // What is beyond its bounds now is no word on what is held.
  charts.tellBreaches((sensor, field) => (view.frozen ? null : store.sensors.get(sensor)?.latest.get(field)));
  judge(names);
  controls.draw(charted.length, wanted);
  words(source, charted, from, to);
  page.changed = false;
}

function judge(names) {
  $("by-name").hidden = !view.filter && !store.hasSensors(boot.whole);
  if (names.length > MANY && !page.changed && Date.now() - judgedAt < MANY_EVERY_MS) return;
  judgedAt = Date.now();
  const rows = table.draw(store, fields, names, view.chosen, serverNow(), page.behind, Math.max(page.total, store.sensors.size));
  if (store.sensors.size > boot.most_sensors) heatMap.draw(rows, view.chosen);
}

// The last minutes are in memory; for what is older the server is asked.
const isPast = (from) => from < Math.max(serverNow() - boot.window_ms, page.completeFrom) - EDGE_MS;

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
  const seen = sensors.filter((sensor) => !view.hidden.has(sensor));
  if (sensors.length && !seen.length) $("csv").removeAttribute("href");
  else $("csv").href = past.address(seen, from, to, 5000, "csv");
}

listen(live, page, { store, view, fields, selection, status, groups });
const controls = new Controls(view, { act, draw, span, serverNow, restyle: () => charts.anew() });
document.addEventListener("visibilitychange", draw);
live.connect();

// For whoever wants to look at what the page knows, tests among them.
export { charts, store };
