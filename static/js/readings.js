// The readings of every sensor in the window, what is newest of it, and how often it speaks.

import { Coarse } from "./coarse.js";
import { Series } from "./series.js";

export class Readings {
  constructor() {
    this.clear(900000, 1000);
  }

  clear(windowMs, bucketMs) {
    this.bucketMs = bucketMs;
    this.size = windowMs / bucketMs + 120;
    this.sensors = new Map();
    this.fields = [];
    this.names = [];
    this.coarse = null;
    this.isKnown = false; // until the first history is here, what is missing may just be on its way
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
    return adds ? series.add(t, mean, low, high, count) : series.set(t, mean, low, high, count);
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

  // Whether readings name sensors. Where none does, all are of one, which is called `whole`.
  hasSensors(whole) {
    return this.sensors.size !== 1 || !this.sensors.has(whole);
  }

  // Whether a sensor has this field at all; whether it has readings of it from `from` to `to`.
  knows(sensor, field) {
    return Boolean(this.sensors.get(sensor)?.fields.has(field));
  }

  has(sensor, field, from, to) {
    return Boolean(this.sensors.get(sensor)?.fields.get(field)?.has(from, to));
  }

  // The last reading itself, { t, value }; null without any. Its bucket may hold others.
  newest(sensor, field) {
    const row = this.sensors.get(sensor), series = row?.fields.get(field);
    return series?.lastT ? { t: series.lastT + this.bucketMs, value: row.latest.get(field) } : null;
  }

  // The usual time between buckets with readings of a sensor, in ms; null while there are too few to tell.
  cadence(sensor, field, from, to) {
    return this.sensors.get(sensor)?.fields.get(field)?.cadence(from, to) ?? null;
  }
}
