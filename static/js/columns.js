// Chart columns from a source of buckets: undefined where a bucket simply has no reading, null where a sensor fell silent.

const SHORTEST_GAP_MS = 3000;
const GAP_CADENCES = 3;

// [xs, mean, low, high] per sensor on one grid, for uPlot: it draws through undefined and breaks the line at null.
// A source has bucketMs, each() and cadence(), as the store of the last minutes and the past have.
export function columns(source, field, sensors, from, to) {
  const step = source.bucketMs;
  const first = Math.ceil(from / step) * step;
  const size = Math.max(0, Math.floor((to - first) / step) + 1);
  const xs = new Array(size);
  for (let i = 0; i < size; i++) xs[i] = first + i * step;
  const data = [xs];
  for (const sensor of sensors) data.push(...series(source, sensor, field, first, to, size, step));
  return data;
}

function series(source, sensor, field, first, to, size, step) {
  const mean = new Array(size), low = new Array(size), high = new Array(size);
  const silence = gapMs(source, sensor, field, first, to);
  let before = null;
  source.each(sensor, field, first, to, (t, m, l, h) => {
    const i = (t - first) / step;
    // Every point of a silence is null: after a single one, uPlot would go on with its line at once.
    if (before !== null && t - before > silence) for (const column of [mean, low, high]) column.fill(null, (before - first) / step + 1, i);
    mean[i] = m;
    low[i] = l;
    high[i] = h;
    before = t;
  });
  return [mean, low, high];
}

export function gapMs(source, sensor, field, from, to) {
  const shortest = Math.max(SHORTEST_GAP_MS, 2 * source.bucketMs);
  return Math.max(shortest, GAP_CADENCES * (source.cadence(sensor, field, from, to) ?? Infinity));
}

// The range that holds every reading in these columns, a little wider; null without readings.
export function extent(all) {
  let low = Infinity, high = -Infinity;
  for (const data of all) {
    for (let i = 2; i < data.length; i += 3) {
      for (const value of data[i]) if (value < low && value !== null) low = value;
      for (const value of data[i + 1]) if (value > high && value !== null) high = value;
    }
  }
  if (low > high) return null;
  const room = (high - low || Math.abs(high) || 1) * 0.1;
  return [low - room, high + room];
}
