import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { View } from "../../static/js/view.js";

const NOW = 1_700_000_000_000, MINUTE = 60000;

// What stands for the browser's address bar.
function at(search) {
  globalThis.location = { search, pathname: "/", origin: "http://site" };
  globalThis.history = { replaceState: (_, __, address) => at(new URL(address, "http://site").search) };
}

beforeEach(() => at(""));

test("what was chosen is in the address and comes back with it", () => {
  const view = new View();
  view.set({ filter: "roof", hz: 1, utc: true });
  view.toggle("7");
  view.hide("8", true);
  view.look(5 * MINUTE);
  view.freeze(NOW - MINUTE, NOW);
  const again = new View();
  assert.deepEqual([again.filter, again.hz, again.utc, again.windowMs], ["roof", 1, true, 5 * MINUTE]);
  assert.deepEqual([[...again.chosen], [...again.hidden], again.frozen], [["7"], ["8"], [NOW - MINUTE, NOW]]);
});

test("an address that makes no sense is as good as none", () => {
  at("?window=7&hz=1000&from=20&to=10");
  const view = new View();
  assert.deepEqual([view.windowMs, view.hz, view.frozen], [15 * MINUTE, 4, null]);
});

test("a stream that has only just begun is seen in the shortest window that shows all of it", () => {
  for (const [age, minutes] of [[0, 1], [59, 1], [61, 5], [301, 15], [900, 15], [90000, 15]]) {
    const view = new View();
    view.fit(age * 1000);
    assert.equal(view.windowMs, minutes * MINUTE, `${age} s`);
    view.follow();
    assert.equal(location.search, "");
  }
});

test("a window that somebody chose stays, and none is changed under his eyes", () => {
  at("?window=3600000");
  const asked = new View();
  asked.fit(10000);
  assert.equal(asked.windowMs, 60 * MINUTE);
  at("");
  const open = new View();
  open.fit(10000);
  open.fit(400000);
  assert.equal(open.windowMs, MINUTE);
  open.look(15 * MINUTE);
  open.fit(10000);
  assert.match(location.search, /window=900000/);
  open.look(MINUTE);
  assert.match(location.search, /window=60000/);
});

test("following again takes the held span out of the address", () => {
  const view = new View();
  view.freeze(1, 2);
  view.follow();
  assert.equal(location.search, "");
});

test("holding what is held already goes on counting what waits", () => {
  const view = new View();
  view.freeze(1, 10);
  view.waiting = 5;
  view.freeze(2, 4);
  assert.equal(view.waiting, 5);
});

test("looking back goes by most of the window, and forward to now", () => {
  const view = new View();
  view.look(MINUTE);
  view.step(-1, NOW);
  assert.deepEqual(view.frozen, [NOW - 105000, NOW - 45000]);
  view.step(1, NOW);
  assert.equal(view.frozen, null);
});

test("a window is as long as it is called, however little there is to see of it, and ends now", () => {
  const view = new View();
  assert.deepEqual(view.span(NOW), [NOW - 15 * MINUTE, NOW]);
  view.look(MINUTE);
  assert.deepEqual(view.span(NOW), [NOW - MINUTE, NOW]);
});
