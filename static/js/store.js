// What the page knows of every sensor: its readings of the window, what is newest of it, and how often it speaks.

import { Coarse } from "./coarse.js";
import { Series } from "./series.js";

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
      fields.set(field, new Series(this.bucketMs, this.size));
      if (!this.fields.includes(field)) this.fields.push(field);
    }
    return fields.get(field);
  }

  // One bucket of one field, as the server has it now (setting it twice does no harm), or what it `adds` to what is here.
  // Returns how many readings are new.
  set(sensor, field, t, mean, low, high, last, count = 1, adds = false) {
    const series = this.series(sensor, field);
    const row = this.sensor(sensor);
    if (t >= series.lastT) row.latest.set(field, last);
    row.lastMs = Math.max(row.lastMs, t);
    this.oldest = Math.min(this.oldest ?? t, t);
    return adds ? series.add(t, mean, low, high, count) : series.set(t, mean, low, high, count);
  }

  takeHistory({ t, series, sensors, adds }) {
    for (const [sensor, fields] of Object.entries(series)) {
      this.count(sensor, Object.entries(fields).map(([field, columns]) => this.takeColumns(sensor, field, t, columns, adds)));
    }
    for (const [sensor, { last_id, count }] of Object.entries(sensors)) {
      const row = this.sensor(sensor);
      row.count = count;
      row.lastMs = Math.max(row.lastMs, Number(last_id.split("-")[0]));
    }
  }

  // Columns that say nothing else are left out.
  takeColumns(sensor, field, t, { mean, min = mean, max = mean, last = mean, count }, adds) {
    return mean.reduce((fresh, value, i) => (value === null ? fresh : fresh + this.set(sensor, field, t[i], value, min[i], max[i], last[i], count ? count[i] : 1, adds)), 0);
  }

  takeFrame({ t, readings }) {
    for (const [sensor, fields] of Object.entries(readings)) {
      this.count(sensor, Object.entries(fields).map(([field, [count, min, max, mean, last]]) => this.set(sensor, field, t, mean, min, max, last, count)));
    }
  }

  // A reading has one value in each of its fields: there are as many as in the field that has most.
  count(sensor, fresh) {
    const row = this.sensor(sensor);
    row.count = (row.count ?? 0) + Math.max(0, ...fresh);
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
    for (const [name, row] of this.sensors) {
      if (kept.has(name)) continue;
      row.fields.clear();
      row.count = null;
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
    this.sensors.get(sensor)?.fields.get(field)?.each(from, to, take);
  }

  // The usual time between buckets with readings of a sensor, in ms; null while there are too few to tell.
  cadence(sensor, field, from, to) {
    return this.sensors.get(sensor)?.fields.get(field)?.cadence(from, to) ?? null;
  }
}
