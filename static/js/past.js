// Readings from before the last minutes: fetched for a span, and joined with what flows in.

import { usualStep } from "./series.js";

const AGAIN_MS = 30000;
// Points longer than this are not made from what is in memory here: it holds minutes only.
const LONGEST_JOINED_MS = 60000;
const WITHIN_MS = 15000;

export class Past {
  constructor(path, store, onChange) {
    Object.assign(this, { path, store, onChange, key: "", taken: "", series: {}, t: [], bucketMs: 1000, joint: 0, askedAt: 0, problem: "", gap: "" });
  }

  // Ask for what is to be drawn, unless it is there already. A span that moves is asked for again now and then.
  want(sensors, from, to, points, moves) {
    const key = JSON.stringify([sensors, points, moves ? to - from : [from, to]]);
    const isOld = (moves || this.problem) && Date.now() - this.askedAt > AGAIN_MS;
    if (key === this.key && !isOld) return;
    // Until the answer is here, what is in memory is drawn, in points as long as those that were asked for.
    if (key !== this.key) Object.assign(this, { key, series: {}, t: [], joint: 0, bucketMs: this.store.inPoints(to - from, points).bucketMs });
    this.askedAt = Date.now();
    this.fetch(key, sensors, Math.floor(from), Math.ceil(to), points);
  }

  address(sensors, from, to, points, format) {
    const query = new URLSearchParams({ from: Math.floor(from), to: Math.ceil(to), points });
    for (const sensor of sensors) query.append("sensor", sensor);
    if (format) query.set("format", format);
    return `${this.path}?${query}`;
  }

  async fetch(key, sensors, from, to, points) {
    try {
      const answer = await fetch(this.address(sensors, from, to, points), { signal: AbortSignal.timeout(WITHIN_MS) });
      const found = await answer.json();
      if (!answer.ok) throw new Error(found.error.text);
      if (key === this.key) this.take(key, found, to);
    } catch (error) {
      if (key === this.key) this.problem = `The past cannot be read: ${error.message}`;
    }
    this.onChange();
  }

  take(key, found, to) {
    Object.assign(this, { taken: key, t: found.t, series: found.series, bucketMs: found.step_ms, gap: found.gap, problem: "" });
    // The last two points were still growing when they were sent.
    const joint = Math.floor(to / found.step_ms) * found.step_ms - found.step_ms;
    this.joint = found.step_ms <= LONGEST_JOINED_MS ? joint : Infinity;
  }

  get isLoading() {
    return !this.problem && this.taken !== this.key;
  }

  get isKnown() {
    return !this.problem && !this.isLoading;
  }

  knows(sensor, field) {
    return Boolean(this.series[sensor]?.[field]) || this.store.knows(sensor, field);
  }

  has(sensor, field, from, to) {
    let isThere = false;
    this.each(sensor, field, from, to, () => (isThere = true));
    return isThere;
  }

  each(sensor, field, from, to, take) {
    const columns = this.series[sensor]?.[field];
    this.t.forEach((t, i) => {
      if (columns && columns.mean[i] !== null && t >= from && t <= to && t < this.joint) take(t, columns.mean[i], columns.min[i], columns.max[i], columns.count[i]);
    });
    // What flowed in since, in points as long as those of the past.
    if (this.joint <= to) this.store.inBuckets(this.bucketMs).each(sensor, field, Math.max(from, this.joint), to, take);
  }

  // The server has joined readings into points already.
  inPoints() {
    return this;
  }

  cadence(sensor, field, from, to) {
    return usualStep((take) => this.each(sensor, field, from, to, take));
  }
}
