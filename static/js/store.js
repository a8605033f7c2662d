// What the page knows of every sensor, taken from the server's messages.

import { Readings } from "./readings.js";

export class Store extends Readings {
  takeHistory({ t, series, sensors, adds }) {
    this.isKnown = true;
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
}
