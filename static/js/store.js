// The readings of the window in typed rings: memory is bounded however long the page stays open.

import { Coarse } from "./coarse.js";

const CADENCE_FOR_MS = 10000;
const CADENCE_SPAN_MS = 300000;

export class Store {
  constructor() {
    this.clear(900000, 1000);
  }

  clear(windowMs, bucketMs) {
    this.bucketMs = bucketMs;
    this.size = windowMs / bucketMs + 120;
    this.sensors = new Map();
    this.fields = [];
    this.names = [];
    this.oldest = null;
    this.coarse = null;
  }

  sensor(name) {
    if (!this.sensors.has(name)) this.sensors.set(name, { name, fields: new Map(), latest: new Map(), lastMs: 0, usualMs: null, count: null });
    return this.sensors.get(name);
  }

  series(sensor, field) {
    const fields = this.sensor(sensor).fields;
    if (!fields.has(field)) {
      const rings = ["t", "count", "mean", "low", "high"].map((name) => [name, new Float64Array(this.size)]);
      fields.set(field, { ...Object.fromEntries(rings), lastT: 0, changed: 0 });
      if (!this.fields.includes(field)) this.fields.push(field);
    }
    return fields.get(field);
  }

  // One bucket of one field, as the server has it now: setting it twice does no harm.
  set(sensor, field, t, mean, low, high, last, count = 1) {
    const series = this.series(sensor, field);
    const at = (t / this.bucketMs) % this.size;
    series.t[at] = t;
    series.count[at] = count;
    series.mean[at] = mean;
    series.low[at] = low;
    series.high[at] = high;
    series.changed = Math.min(series.changed, t);
    const row = this.sensor(sensor);
    if (t >= series.lastT) {
      series.lastT = t;
      row.latest.set(field, last);
    }
    row.lastMs = Math.max(row.lastMs, t);
    this.oldest = Math.min(this.oldest ?? t, t);
  }

  takeHistory({ t, series, sensors }) {
    for (const [sensor, fields] of Object.entries(series)) {
      for (const [field, { mean, min, max, last, count }] of Object.entries(fields)) {
        mean.forEach((value, i) => {
          if (value !== null) this.set(sensor, field, t[i], value, min ? min[i] : value, max ? max[i] : value, last ? last[i] : value, count ? count[i] : 1);
        });
      }
    }
    for (const [sensor, { last_id, count }] of Object.entries(sensors)) {
      const row = this.sensor(sensor);
      row.count = count;
      row.lastMs = Math.max(row.lastMs, Number(last_id.split("-")[0]));
    }
  }

  // What is newest of every sensor, those without a chart too.
  takeOverview({ first, names, fields, rows }) {
    if (!first) this.names = [];
    this.names.push(...names);
    for (const [at, lastMs, ...values] of rows) {
      const row = this.sensor(this.names[at]);
      if (row.lastMs && lastMs > row.lastMs) row.usualMs = row.usualMs === null ? lastMs - row.lastMs : 0.8 * row.usualMs + 0.2 * (lastMs - row.lastMs);
      row.lastMs = Math.max(row.lastMs, lastMs);
      values.forEach((value, i) => value !== null && row.latest.set(fields[i], value));
    }
    for (const field of fields) if (!this.fields.includes(field)) this.fields.push(field);
  }

  // Forget the readings of sensors that are sent no more; null for none.
  keep(names) {
    const kept = new Set(names ?? this.sensors.keys());
    for (const [name, row] of this.sensors) if (!kept.has(name)) row.fields.clear();
  }

  takeFrame({ t, readings }) {
    for (const [sensor, fields] of Object.entries(readings)) {
      for (const [field, [count, min, max, mean, last]] of Object.entries(fields)) this.set(sensor, field, t, mean, min, max, last, count);
    }
  }

  // A source of the same readings in buckets of so many ms. One at a time: it is told of changes by the series.
  inBuckets(bucketMs) {
    if (bucketMs <= this.bucketMs) return this;
    if (this.coarse?.bucketMs !== bucketMs) this.coarse = new Coarse(this, bucketMs);
    return this.coarse;
  }

  // A source of about so many points over a span.
  inPoints(spanMs, points) {
    return this.inBuckets(Math.ceil(spanMs / this.bucketMs / points) * this.bucketMs);
  }

  // Calls take(t, mean, low, high, count) for the buckets of one series from `from` to `to`, in order of time.
  each(sensor, field, from, to, take) {
    const series = this.sensors.get(sensor)?.fields.get(field);
    if (!series) return;
    const { t: times, mean, low, high, count } = series;
    let t = Math.ceil(from / this.bucketMs) * this.bucketMs;
    for (let at = (t / this.bucketMs) % this.size; t <= to; t += this.bucketMs, at = at + 1 === this.size ? 0 : at + 1) {
      if (times[at] === t) take(t, mean[at], low[at], high[at], count[at]);
    }
  }

  // The usual time between buckets with readings of a sensor, in ms; null while there are too few to tell.
  // It changes slowly and costs a sort: looked at again when the series is some seconds older.
  cadence(sensor, field, from, to) {
    const series = this.sensors.get(sensor)?.fields.get(field);
    if (!series) return null;
    if (series.cadence === undefined || series.cadence === null || Math.abs(to - series.cadenceAt) > CADENCE_FOR_MS) {
      series.cadence = usualStep((take) => this.each(sensor, field, Math.max(from, to - CADENCE_SPAN_MS), to, take));
      series.cadenceAt = to;
    }
    return series.cadence;
  }
}

export function usualStep(each) {
  const steps = [];
  let before = null;
  each((t) => {
    if (before !== null) steps.push(t - before);
    before = t;
  });
  return steps.length < 3 ? null : steps.sort((a, b) => a - b)[steps.length >> 1];
}
