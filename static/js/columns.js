// Chart columns from the store: undefined where a bucket simply has no reading, null where a sensor fell silent.

const SHORTEST_GAP_MS = 3000;
const GAP_CADENCES = 3;

// [xs, mean, low, high] per sensor on one grid, for uPlot: it draws through undefined and breaks the line at null.
export function columns(store, field, sensors, from, to) {
  const step = store.bucketMs;
  const first = Math.ceil(from / step) * step;
  const size = Math.max(0, Math.floor((to - first) / step) + 1);
  const xs = Array.from({ length: size }, (_, i) => first + i * step);
  const data = [xs];
  for (const sensor of sensors) data.push(...series(store, sensor, field, first, to, size, step));
  return data;
}

function series(store, sensor, field, first, to, size, step) {
  const mean = new Array(size), low = new Array(size), high = new Array(size);
  const silence = gapMs(store, sensor, field, first, to);
  let before = null;
  for (const [t, m, l, h] of store.cells(sensor, field, first, to)) {
    const i = (t - first) / step;
    if (before !== null && t - before > silence) {
      const gap = (before - first) / step + 1;
      mean[gap] = low[gap] = high[gap] = null;
    }
    [mean[i], low[i], high[i]] = [m, l, h];
    before = t;
  }
  return [mean, low, high];
}

export function gapMs(store, sensor, field, from, to) {
  return Math.max(SHORTEST_GAP_MS, GAP_CADENCES * (store.cadence(sensor, field, from, to) ?? Infinity));
}

// The range that holds every reading of these sensors, a little wider; null without readings.
export function extent(store, field, sensors, from, to) {
  let low = Infinity, high = -Infinity;
  for (const sensor of sensors) {
    for (const [, , l, h] of store.cells(sensor, field, from, to)) {
      low = Math.min(low, l);
      high = Math.max(high, h);
    }
  }
  if (low > high) return null;
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - room, high + room];
}
