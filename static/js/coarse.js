// The store's readings in longer buckets, as few as a chart has pixels. Each knows the lowest and highest reading in it, so
// that a spike shows however many share its pixel. Only what changed since it was last asked is worked out again.

import { usualStep } from "./series.js";

export class Coarse {
  constructor(store, bucketMs) {
    Object.assign(this, { store, bucketMs, known: new WeakMap() });
  }

  each(sensor, field, from, to, take) {
    const series = this.store.sensors.get(sensor)?.fields.get(field);
    if (!series) return;
    for (const bucket of this.upToDate(series, sensor, field, from, to)) {
      if (bucket.t >= from && bucket.t <= to) take(bucket.t, bucket.total / bucket.count, bucket.low, bucket.high, bucket.count);
    }
  }

  cadence(sensor, field, from, to) {
    return usualStep((take) => this.each(sensor, field, from, to, take));
  }

  upToDate(series, sensor, field, from, to) {
    const begins = this.begins(from);
    let known = this.known.get(series);
    if (!known || known.from > begins) this.known.set(series, (known = { buckets: [], from: begins, to: begins }));
    const { buckets } = known;
    while (buckets.length && buckets[0].t < begins) buckets.shift();
    const again = this.begins(Math.max(begins, Math.min(series.changed, known.to)));
    while (buckets.length && buckets.at(-1).t >= again) buckets.pop();
    this.store.each(sensor, field, again, to, (t, mean, low, high, count) => this.add(buckets, this.begins(t), mean, low, high, count));
    Object.assign(known, { from: begins, to });
    series.changed = Infinity;
    return buckets;
  }

  add(buckets, t, mean, low, high, count) {
    let bucket = buckets.at(-1);
    if (bucket?.t !== t) buckets.push((bucket = { t, total: 0, low, high, count: 0 }));
    bucket.total += mean * count;
    bucket.low = Math.min(bucket.low, low);
    bucket.high = Math.max(bucket.high, high);
    bucket.count += count;
  }

  begins(t) {
    return t - (t % this.bucketMs);
  }
}
