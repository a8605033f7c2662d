// One chart of one field: what uPlot is told to draw.

import uPlot from "../uplot/uPlot.esm.js";
import { paintBands } from "./bands.js";
import { colour, ink } from "./colours.js";
import { setText } from "./dom.js";
import { moment, reading, ticks, valued } from "./format.js";
import { DASHES, fitting, sample, TIMES } from "./lines.js";
import { lone, spikes } from "./spikes.js";
import { paintZones, writeZones } from "./zones.js";

export const MOST_OVERLAID = 6;
const MIN = 60000;
// Above this share of a chart's pixels its points are so many that a thin line shows more than a thick one, and that the
// band to a single reading is too thin to be seen.
const DENSE = 0.5;
const SPIKE_PX = 4;
const LEAST_ZOOM_PX = 4;

// `how` has label(sensor), isHidden(sensor), utc, isHeld, newest(sensor, field), and what to do on zoom, live and hide.
export function makePlot(plot, how) {
  const { figure, field, sensors, looks, small, there } = plot;
  const series = sensors.flatMap((sensor, i) => lines(sensor, i, plot, how));
  const options = {
    width: Math.floor(figure.clientWidth) || 300, height: small ? 110 : 260, ms: 1, padding: [8, small ? 18 : 28, 0, 0],
    tzDate: (t) => (how.utc() ? uPlot.tzDate(new Date(t), "Etc/UTC") : new Date(t)),
    legend: { show: !small, live: true, markers: { width: 0, fill: (_, i) => sample(looks[(i - 1) / 3]) } },
    cursor: { sync: { key: "streamwatch", scales: ["x", null] }, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => how.onLive() } },
    scales: { x: { time: true, auto: false }, y: { auto: false, range: (_, min, max) => (min === null || max === null ? [0, 1] : [min, max]) } },
    series: [{ value: (_, t) => (t === null ? (plot.words[0] ?? "") : moment(t)) }, ...series],
    axes: axes(small),
    hooks: {
      setSelect: [(u) => marked(u, how)],
      setCursor: small ? [(u) => setText(there, valueAt(u, plot))] : [],
      setSeries: [(u, i, change) => toggled(i, change, sensors, how)],
      drawClear: [(u) => paintZones(u, field)],
      drawAxes: [paintBands],
      drawSeries: [strokeSpikes],
      draw: [(u) => writeZones(u, field, small)],
    },
  };
  return new uPlot(options, [[], ...series.map(() => [])], figure);
}

function axes(small) {
  const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 } };
  const times = (_, at, __, ___, step) => ticks(at, step);
  return [
    { ...axis, space: (u, i, min, max) => (max - min < 5 * MIN || !small ? 64 : 46), size: 28, incrs: TIMES, values: times },
    { ...axis, size: fitting(small ? 40 : 52), space: small ? 18 : 26, values: (_, ticks) => ticks.map((value) => reading(value, null)) },
  ];
}

// While nothing is pointed at, the legend tells what newest.js found.
function lines(sensor, i, plot, how) {
  const show = !how.isHidden(sensor), look = plot.looks[i];
  const edge = { show, paths: () => null, points: { show: false }, class: "edge" };
  const value = (_, v, s, at) => (at === null || at === undefined ? (plot.words[i + 1] ?? "–") : valued(v, plot.field));
  const points = { show: false, filter: (u, s) => lone(u.data[s]), size: 5 };
  return [{ label: how.label(sensor), show, stroke: colour(look), width: 1.5, dash: DASHES[look], value, points }, edge, edge];
}

// A small chart has no legend: what is under the crosshair, else what is newest, stands beside its name.
function valueAt(u, { field, words }) {
  const at = u.cursor.idxs?.[1];
  return at === null || at === undefined ? (words[1] ?? "") : valued(u.data[1][at], field);
}

const isDense = (u) => u.data[0].length > DENSE * u.width;

export function paint({ uplot, data }, from, to, range) {
  uplot.batch(() => {
    uplot.setData(data, false);
    thin(uplot);
    uplot.setScale("x", { min: from, max: to });
    if (range) uplot.setScale("y", { min: range[0], max: range[1] });
  });
}

// Dense lines are one device pixel wide.
function thin(u) {
  const width = isDense(u) ? 1 / devicePixelRatio : 1.5;
  for (let s = 1; s < u.series.length; s += 3) u.series[s].width = width;
}

function strokeSpikes(u, s) {
  if (s % 3 !== 1 || !isDense(u)) return;
  const { min, max } = u.scales.y, { ctx } = u;
  // uPlot remembers what it set.
  ctx.save();
  ctx.beginPath();
  for (const [i, from, to] of spikes(u.data[s + 1], u.data[s + 2], ((max - min) / u.bbox.height) * SPIKE_PX * devicePixelRatio)) {
    const x = Math.round(u.valToPos(u.data[0][i], "x", true)) + 0.5;
    ctx.moveTo(x, u.valToPos(from, "y", true));
    ctx.lineTo(x, u.valToPos(to, "y", true));
  }
  Object.assign(ctx, { strokeStyle: u.series[s].stroke(u, s), lineWidth: 1 }).setLineDash([]);
  ctx.stroke();
  ctx.restore();
}

// The mouse marked a span in this chart, or in another one that this one follows.
function marked(u, how) {
  if (u.cursor.event) zoom(u, how);
  else unmark(u);
}

// Zoom to what is marked.
export function zoom(u, how) {
  const { left, width } = u.select;
  unmark(u);
  if (width >= LEAST_ZOOM_PX) how.onZoom(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
}

export const unmark = (u) => u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);

// A click in the legend hides a sensor's line and, with it, its band.
function toggled(i, change, sensors, how) {
  if (i !== null && i % 3 === 1 && "show" in change) how.onHide(sensors[(i - 1) / 3], !change.show);
}
