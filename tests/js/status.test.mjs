import assert from "node:assert/strict";
import { test } from "node:test";

import { Status } from "../../static/js/status.js";

const SECOND = 1000;

function told(redis, state) {
  const status = new Status({ dataset: {} }, {}, {});
  status.takeState({ redis, since: Date.now() - 60 * SECOND, text: "Redis at there cannot be reached" });
  return status.sentence(state);
}

test("a server that speaks says how long Redis is away", () => {
  assert.match(told("down", { kind: "live" }), /^Redis at there cannot be reached\. Away for 1 min/);
});

test("a server that is gone itself is not quoted on Redis", () => {
  const lost = { kind: "reconnecting", at: Date.now(), since: Date.now() - 20 * SECOND };
  assert.match(told("down", lost), /^Nothing was heard since /);
  assert.match(told("down", { ...lost, since: Date.now() - SECOND }), /^Redis at there/);
});
