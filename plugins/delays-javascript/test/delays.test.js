import assert from "node:assert/strict";
import { test } from "node:test";
import { deliver } from "millstream/testing";
import * as delays from "../src/index.js";

const FLIGHT = { carrier: "UA", flight: 1545, origin: "EWR", dest: "IAH", scheduled: "2013-01-01T10:00:00Z" };

function answer(dep_delay, config) {
  return deliver(delays, [JSON.stringify({ ...FLIGHT, dep_delay })], config)[0];
}

test("a late flight is told, under its carrier's key", () => {
  const [sent] = answer(60).outputs;
  assert.equal(sent.key, "UA");
  assert.deepEqual(JSON.parse(sent.text), {
    flight: "UA1545", route: "EWR-IAH", scheduled: "2013-01-01T10:00:00Z", delay_minutes: 60,
  });
});

test("a flight in time is not", () => {
  assert.deepEqual(answer(59).outputs, []);
  assert.equal(answer(59, { threshold_minutes: 59 }).outputs.length, 1);
});

test("a cancelled flight is refused with its story", () => {
  const { outcome, reason } = answer(null);
  assert.deepEqual([outcome, reason], ["reject", "UA1545 EWR-IAH of 2013-01-01T10:00:00Z was cancelled"]);
});
