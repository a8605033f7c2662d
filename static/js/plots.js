// One chart of one field: what uPlot is told to draw.

import uPlot from "../uplot/uPlot.esm.js";
import { painted, zones } from "./bounds.js";
import { moment, reading, tick } from "./format.js";

export const MOST_OVERLAID = 6;
const DASHES = [[], [8, 3], [2, 3], [10, 3, 2, 3], [14, 4], [4, 4]];
const S = 1000, MIN = 60 * S, H = 60 * MIN, D = 24 * H;
// What a time axis may be divided into; uPlot's own steps leave a narrow chart without any mark.
const TIMES = [...[1, 2, 5, 10, 15, 20, 30].map((n) => n * S), ...[1, 2, 3, 5, 10, 15, 20, 30].map((n) => n * MIN), ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * H), ...[1, 2, 3, 5, 7, 10, 15].map((n) => n * D)];
// Above this share of a chart's pixels its points are so many that a thin line shows more than a thick one.
const DENSE = 0.5;

export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const colour = (i) => ink(`--series-${(i % MOST_OVERLAID) + 1}`);

// `how` has label(sensor), isHidden(sensor), utc, and what to do on zoom, live and hide.
export function makePlot({ figure, field, sensors, small }, how) {
  const series = sensors.flatMap((sensor, i) => lines(sensor, i, field, how));
  const bands = sensors.map((_, i) => ({ series: [3 * i + 3, 3 * i + 2], fill: `${colour(small ? 0 : i)}40` }));
  const options = {
    width: Math.floor(figure.clientWidth) || 300, height: small ? 110 : 260, ms: 1, padding: [8, 18, 0, 0],
    tzDate: (t) => (how.utc() ? uPlot.tzDate(new Date(t), "Etc/UTC") : new Date(t)),
    legend: { show: !small, live: true },
    cursor: { sync: { key: "streamwatch", scales: ["x", null] }, drag: { x: true, y: false }, bind: { dblclick: () => () => how.onLive() } },
    scales: { x: { time: true, auto: false }, y: { auto: false, range: (_, min, max) => (min === null || max === null ? [0, 1] : [min, max]) } },
    series: [{ value: (_, t) => (t === null ? "" : moment(t)) }, ...series],
    bands,
    axes: axes(small),
    hooks: { setSelect: [(u) => selected(u, how)], drawClear: [(u) => paintZones(u, field, small)], setSeries: [(u, i, change) => toggled(u, i, change, sensors, how)] },
  };
  return new uPlot(options, [[], ...series.map(() => [])], figure);
}

function axes(small) {
  const axis = { stroke: ink("--quiet"), grid: { stroke: ink("--line"), width: 1 }, ticks: { stroke: ink("--line"), width: 1 } };
  const times = (_, ticks, __, ___, step) => ticks.map((t) => tick(t, step));
  return [
    { ...axis, space: (u, i, min, max) => (max - min < 5 * MIN || !small ? 64 : 46), size: 28, incrs: TIMES, values: times },
    { ...axis, size: small ? 40 : 52, space: small ? 18 : 26, values: (_, ticks) => ticks.map((value) => reading(value, null)) },
  ];
}

function lines(sensor, i, field, how) {
  const show = !how.isHidden(sensor);
  const edge = { show, width: 0, points: { show: false }, class: "edge" };
  const value = (_, v) => (v === null || v === undefined ? "–" : `${reading(v, field.decimals)} ${field.unit}`);
  const points = { show: (u, s) => u.data[s].reduce((n, v) => n + (v !== null && v !== undefined), 0) < 3, size: 5 };
  return [{ label: how.label(sensor), show, stroke: colour(i), width: 1.5, dash: DASHES[i % DASHES.length], value, points }, edge, edge];
}

// Dense lines are one device pixel wide.
export function thin(u, points) {
  const width = points > DENSE * u.width ? 1 / devicePixelRatio : 1.5;
  for (let s = 1; s < u.series.length; s += 3) u.series[s].width = width;
}

function selected(u, how) {
  if (u.select.width < 4) return;
  how.onZoom(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

// A click in the legend hides a sensor's line and, with it, its band.
function toggled(u, i, change, sensors, how) {
  if (i === null || i % 3 !== 1 || !("show" in change)) return;
  for (const edge of [i + 1, i + 2]) u.setSeries(edge, { show: change.show }, false);
  how.onHide(sensors[(i - 1) / 3], !change.show);
}

// Where there is no room for words, the mark and the number; the words stand beside the field's name.
function paintZones(u, field, small) {
  const { left, top, width, height } = u.bbox;
  const { min, max } = u.scales.y;
  for (const zone of zones(field)) {
    const [from, to] = painted(zone);
    const [low, high] = [Math.max(from, min), Math.min(to, max)];
    if (low >= high) continue;
    const [y, bottom] = [u.valToPos(high, "y", true), u.valToPos(low, "y", true)];
    u.ctx.save();
    u.ctx.fillStyle = `${ink(zone.level === "bad" ? "--bad" : "--warn")}22`;
    u.ctx.fillRect(left, y, width, bottom - y);
    u.ctx.fillStyle = ink(zone.level === "bad" ? "--bad" : "--warn");
    u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    u.ctx.textBaseline = zone.from === -Infinity ? "bottom" : "top";
    u.ctx.textAlign = "right";
    const edge = zone.from === -Infinity ? Math.min(bottom, top + height) - 2 : Math.max(y, top) + 2;
    if (bottom - y > 12 * devicePixelRatio) u.ctx.fillText(small ? zone.mark : zone.text, left + width - 4, edge);
    u.ctx.restore();
  }
}
