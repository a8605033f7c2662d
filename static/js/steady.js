// A y axis that does not jump: its range only grows while the window stays as long as it is.

// Readings that fill less than this of the range are not worth its height.
const LEAST_FILLED = 1 / 3;

export class SteadyRange {
  constructor() {
    this.known = null;
    this.spanMs = 0;
  }

  // [lowest, highest] for a window of so many ms whose readings lie within `found`; null before there are any.
  over(spanMs, found) {
    const isSame = spanMs === this.spanMs;
    this.spanMs = spanMs;
    if (!found) return this.known;
    if (!isSame || !this.known || height(found) < height(this.known) * LEAST_FILLED) this.known = found;
    else if (found[0] < this.known[0] || found[1] > this.known[1]) this.known = [Math.min(found[0], this.known[0]), Math.max(found[1], this.known[1])];
    return this.known;
  }
}

const height = ([low, high]) => high - low;
