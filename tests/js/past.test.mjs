import assert from "node:assert/strict";
import { test } from "node:test";

import { columns } from "../../static/js/columns.js";
import { Past } from "../../static/js/past.js";
import { Store } from "../../static/js/store.js";

const NOW = 1_700_000_000_000, DAY = 86400000;

function lately(seconds) {
  const store = new Store();
  for (let n = seconds; n > 0; n--) store.set("s", "f", NOW - n * 1000, n, n, n, n);
  return store;
}

// A past whose server never answers.
function asked(store, days, points) {
  globalThis.fetch = () => new Promise(() => {});
  const past = new Past("/readings/", store, () => {});
  past.want(["s"], NOW - days * DAY, NOW, points, true);
  return past;
}

test("while thirty days are asked for, a chart holds no more points than were asked for", () => {
  const past = asked(lately(600), 30, 500);
  const [xs, mean] = columns(past, "f", ["s"], NOW - 30 * DAY, NOW);
  assert.ok(xs.length <= 501, `${xs.length} points`);
  assert.ok(mean.some((value) => value > 0), "what is in memory is drawn meanwhile");
});

test("a window longer than the last one takes none of its shorter points over", () => {
  const past = asked(lately(600), 1 / 24, 500);
  past.take(past.key, { t: [], series: {}, step_ms: 1000, gap: "" }, NOW);
  past.want(["s"], NOW - 30 * DAY, NOW, 500, true);
  assert.ok(columns(past, "f", ["s"], NOW - 30 * DAY, NOW)[0].length <= 501);
});

test("what memory cannot hold is not looked for in it", () => {
  const store = lately(600), { fields } = store.sensor("s"), series = fields.get("f");
  let looks = 0;
  series.t = new Proxy(series.t, { get: (ring, at) => (looks++, ring[at]) });
  const seen = [];
  store.each("s", "f", NOW - 30 * DAY, NOW + DAY, (t) => seen.push(t));
  assert.equal(seen.length, 600);
  assert.ok(looks <= series.size + 1, `${looks} looks`);
});
