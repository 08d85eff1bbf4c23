import assert from "node:assert/strict";
import { test } from "node:test";
import { deliver } from "millstream/testing";
import * as shout from "../build/index.js";

test("it shouts", () => {
  const [answer] = deliver(shout, [{ payload: "hello", key: "ann" }], { suffix: "!" });
  assert.equal(answer.outputs[0].text, "HELLO!");
  assert.equal(answer.outputs[0].key, "ann");
});

test("it refuses silence", () => {
  const [answer] = deliver(shout, [""]);
  assert.deepEqual([answer.outcome, answer.reason], ["reject", "nothing to shout"]);
});
