// The readings of one field of one sensor in typed rings: memory is bounded however long the page stays open.

const CADENCE_FOR_MS = 10000;
const CADENCE_SPAN_MS = 300000;

export class Series {
  // Room for `size` buckets of so many ms; where a new one needs room, it takes that of the oldest.
  constructor(bucketMs, size) {
    Object.assign(this, { bucketMs, size, lastT: 0, changed: 0, usual: null, usualAt: 0 });
    for (const ring of ["t", "count", "mean", "low", "high"]) this[ring] = new Float64Array(size);
  }

  // Returns how many readings are new.
  set(t, mean, low, high, count) {
    if (t <= this.lastT - this.size * this.bucketMs) return 0; // its room has been taken by a newer one
    const at = (t / this.bucketMs) % this.size;
    const fresh = count - (this.t[at] === t ? this.count[at] : 0);
    this.t[at] = t;
    this.count[at] = count;
    this.mean[at] = mean;
    this.low[at] = low;
    this.high[at] = high;
    this.changed = Math.min(this.changed, t);
    this.lastT = Math.max(this.lastT, t);
    return fresh;
  }

  // What was committed to a bucket beyond what is known of it; returns how many readings are new.
  add(t, mean, low, high, count) {
    const at = (t / this.bucketMs) % this.size;
    if (this.t[at] !== t) return this.set(t, mean, low, high, count);
    const all = this.count[at] + count;
    return this.set(t, (this.mean[at] * this.count[at] + mean * count) / all, Math.min(this.low[at], low), Math.max(this.high[at], high), all);
  }

  // Calls take(t, mean, low, high, count) for the buckets from `from` to `to`, in order of time.
  each(from, to, take) {
    const { t: times, mean, low, high, count } = this;
    const oldest = this.lastT - this.size * this.bucketMs, newest = Math.min(to, this.lastT);
    let t = Math.ceil(Math.max(from, oldest) / this.bucketMs) * this.bucketMs;
    for (let at = (t / this.bucketMs) % this.size; t <= newest; t += this.bucketMs, at = at + 1 === this.size ? 0 : at + 1) {
      if (times[at] === t) take(t, mean[at], low[at], high[at], count[at]);
    }
  }

  // Whether any bucket from `from` to `to` holds a reading.
  has(from, to) {
    if (this.lastT <= to) return this.lastT >= from;
    let isThere = false;
    this.each(from, to, () => (isThere = true));
    return isThere;
  }

  // The usual time between buckets with readings, of late or, where these are too few, at all; null where it cannot be told.
  // It changes slowly and costs a sort: looked at again when the series is some seconds older.
  cadence(from, to) {
    if (this.usual === null || Math.abs(to - this.usualAt) > CADENCE_FOR_MS) {
      const since = (start) => usualStep((take) => this.each(start, to, take));
      this.usual = since(Math.max(from, to - CADENCE_SPAN_MS)) ?? since(from);
      this.usualAt = to;
    }
    return this.usual;
  }
}

// The middle one of the steps between the times that each() gives; null when they are too few.
export function usualStep(each) {
  const steps = [];
  let before = null;
  each((t) => {
    if (before !== null) steps.push(t - before);
    before = t;
  });
  return steps.length < 3 ? null : steps.sort((a, b) => a - b)[steps.length >> 1];
}
