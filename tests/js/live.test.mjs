import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Live } from "../../static/js/live.js";

const START = 1_700_000_000_000, SECOND = 1000;
let sockets;

// A socket that does nothing by itself.
class Socket {
  static CONNECTING = 0;
  static OPEN = 1;
  readyState = Socket.CONNECTING;

  constructor(url) {
    this.url = url;
    sockets.push(this);
  }

  answer(message) {
    this.readyState = Socket.OPEN;
    this.onmessage({ data: JSON.stringify(message) });
  }

  close() {
    this.readyState = 3;
  }
}

beforeEach(() => {
  sockets = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: START });
  Object.assign(globalThis, { WebSocket: Socket, location: { href: "http://site/" }, addEventListener() {}, document: { addEventListener() {} } });
});

// Second by second: a longer tick would call everything at its end.
function pass(seconds) {
  for (let n = 0; n < seconds; n++) mock.timers.tick(SECOND);
}

function connected() {
  const live = new Live("/ws/");
  live.connect();
  sockets[0].answer({ type: "hello" });
  return live;
}

test("silence is noticed without being told, and dated from the last word", () => {
  const live = connected();
  pass(4);
  assert.equal(live.state.kind, "live");
  pass(3);
  assert.deepEqual(live.state, { kind: "stale", since: START });
  sockets[0].answer({ type: "state" });
  assert.equal(live.state.kind, "live");
});

test("a connection that stays silent is left, and another one asks for what is missing", () => {
  const live = connected();
  live.resume = { frames: "5-0", epoch: "e" };
  pass(20);
  assert.equal(sockets.length, 2);
  assert.equal(sockets[0].readyState, 3);
  assert.equal(sockets[1].url.search, "?frames=5-0&epoch=e");
  sockets[1].answer({ type: "hello" });
  assert.equal(live.state.kind, "live");
});

test("a connection that nobody answers is given up, each time a little later, and only one is open", () => {
  const live = new Live("/ws/");
  live.connect();
  pass(120);
  assert.ok(sockets.length > 5 && sockets.length < 15, `${sockets.length} in two minutes`);
  assert.ok(sockets.filter(({ readyState }) => readyState !== 3).length <= 1);
  assert.equal(live.state.kind, "reconnecting");
});

test("a refusal for good is said and not tried again", () => {
  const live = new Live("/ws/");
  live.connect();
  sockets[0].answer({ type: "error", text: "there is no such stream" });
  sockets[0].onclose({ code: 4404 });
  pass(60);
  assert.deepEqual(live.state, { kind: "refused", text: "there is no such stream" });
  assert.equal(sockets.length, 1);
});

test("a page whose login ended says so and does not knock on", () => {
  const live = new Live("/ws/");
  live.connect();
  sockets[0].answer({ type: "hello" });
  sockets[0].answer({ type: "error", text: "reload this page" });
  sockets[0].onclose({ code: 4401 });
  pass(60);
  assert.deepEqual(live.state, { kind: "refused", text: "reload this page" });
  assert.equal(sockets.length, 1);
});

test("a server that is full is given time, and its words are shown", () => {
  const live = new Live("/ws/");
  live.connect();
  sockets[0].answer({ type: "error", text: "serves 5 pages already" });
  sockets[0].onclose({ code: 1013 });
  assert.deepEqual([live.state.kind, live.state.why], ["reconnecting", "serves 5 pages already"]);
  pass(3);
  assert.equal(sockets.length, 1);
  pass(8);
  assert.equal(sockets.length, 2);
});

test("who has as many pages open as one may is told so, and not tried again", () => {
  const live = new Live("/ws/");
  live.connect();
  sockets[0].answer({ type: "error", text: "you have 50 live pages open" });
  sockets[0].onclose({ code: 4429 });
  pass(60);
  assert.deepEqual(live.state, { kind: "refused", text: "you have 50 live pages open" });
});

test("a page that read too slowly comes back at once and asks for what is missing", () => {
  const live = connected();
  live.resume = { frames: "5-0", epoch: "e" };
  sockets[0].onclose({ code: 4408 });
  pass(1);
  assert.equal(sockets[1].url.search, "?frames=5-0&epoch=e");
});

test("a page that was away for longer than its window begins anew", () => {
  const live = new Live("/ws/");
  live.connect();
  sockets[0].answer({ type: "hello", window_ms: 60 * SECOND });
  live.resume = { frames: "5-0", epoch: "e" };
  mock.timers.setTime(START + 61 * SECOND);
  live.connect();
  assert.equal(sockets[1].url.search, "");
});
