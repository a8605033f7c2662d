import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../static/js/store.js";

const START = 1_700_000_000_000;
const SECOND = 1000;

// Random, and the same in each run.
function randoms(seed) {
  return () => ((seed = (seed * 16807) % 2147483647) / 2147483647);
}

function taken(source, from, to) {
  const points = [];
  source.each("s", "f", from, to, (t, mean, low, high, count) => points.push({ t, mean, low, high, count }));
  return points;
}

// What a bucket holds, said in the plainest way.
function expected(store, from, to, step) {
  const fine = taken(store, from - (from % step), to);
  const starts = [...new Set(fine.map(({ t }) => t - (t % step)))].filter((t) => t >= from);
  return starts.map((t) => {
    const own = fine.filter((point) => point.t >= t && point.t < t + step);
    const count = own.reduce((n, point) => n + point.count, 0);
    const mean = own.reduce((n, point) => n + point.mean * point.count, 0) / count;
    return { t, mean, low: Math.min(...own.map((p) => p.low)), high: Math.max(...own.map((p) => p.high)), count };
  });
}

function same(found, wanted) {
  assert.deepEqual(found.map(({ mean, ...rest }) => rest), wanted.map(({ mean, ...rest }) => rest));
  found.forEach(({ mean }, i) => assert.ok(Math.abs(mean - wanted[i].mean) < 1e-9));
}

test("longer buckets hold what the short ones hold, also when readings come late or again", () => {
  const random = randoms(7);
  for (const k of [2, 3, 7, 12]) {
    const store = new Store();
    const step = k * SECOND;
    for (let n = 0; n < 600; n++) {
      const late = random() < 0.2 ? Math.floor(random() * 120) : 0;
      const value = random() * 10;
      if (random() < 0.9) store.set("s", "f", START + (n - Math.min(n, late)) * SECOND, value, value - random(), value + random(), value, 1 + Math.floor(random() * 5));
      if (n % 5) continue;
      const [from, to] = [START + (n - 300) * SECOND, START + n * SECOND];
      same(taken(store.inBuckets(step), from, to), expected(store, from, to, step));
    }
  }
});

test("looking further back again finds what was left out before", () => {
  const store = new Store();
  for (let n = 0; n < 300; n++) store.set("s", "f", START + n * SECOND, n, n, n, n);
  const to = START + 299 * SECOND;
  taken(store.inBuckets(5000), START + 200 * SECOND, to);
  same(taken(store.inBuckets(5000), START + 20 * SECOND, to), expected(store, START + 20 * SECOND, to, 5000));
});

test("a spike of one reading is in the band of its bucket", () => {
  const store = new Store();
  for (let n = 0; n < 600; n++) store.set("s", "f", START + n * SECOND, 20, 20, n === 333 ? 97 : 20, 20);
  const points = taken(store.inPoints(600 * SECOND, 50), START, START + 599 * SECOND);
  assert.ok(points.length <= 51);
  assert.equal(Math.max(...points.map((point) => point.high)), 97);
});

test("a span that has no more buckets than points is left as it is", () => {
  const store = new Store();
  assert.equal(store.inPoints(300 * SECOND, 300), store);
  assert.equal(store.inPoints(301 * SECOND, 300).bucketMs, 2 * SECOND);
});
