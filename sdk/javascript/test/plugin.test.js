import assert from "node:assert/strict";
import { test } from "node:test";
import { Message } from "../src/message.js";
import { Reject, Retry, plugin, settings } from "../src/millstream.js";
import { deliver } from "../src/testing.js";
import { located } from "../src/trace.js";

const run = (handle, ...messages) => deliver(plugin({ handle }), messages);

test("an output carries payload, key, headers, topic and delay", () => {
  const [{ outcome, outputs }] = run(() => ({
    payload: "hé", key: "k", headers: [["a", "1"], ["a", "2"]], topic: "t", delayMs: 1.2,
  }), "x");
  const { payload, ...rest } = outputs[0];
  assert.equal(outcome, "ok");
  assert.deepEqual([...payload], [0x68, 0xc3, 0xa9]);
  assert.deepEqual(rest, { text: "hé", key: "k", headers: [["a", "1"], ["a", "2"]], topic: "t", delayMs: 2 });
});

test("a message shows what came", () => {
  const given = { payload: "{}", key: "k", headers: [["Name", "v"], ["name", "w"]], attempt: 3 };
  run((message) => {
    assert.deepEqual([message.text(), message.key, message.attempt, message.topic], ["{}", "k", 3, "test"]);
    assert.deepEqual(message.headers, [["name", "v"], ["name", "w"]]);
    assert.equal(message.header("NAME"), "v");
    assert.deepEqual([message.id, message.publishTimeMs], ["message-0", 0]);
  }, given);
});

test("outputs of a message that fails are dropped, its neighbours' are kept", () => {
  function* handle(message) {
    yield message.forward();
    if (message.text() === "bad") throw new Reject("why\nnot");
    if (message.text() === "later") throw new Retry("soon", 0);
  }
  const answers = run(handle, "a", "bad", "later", "b");
  assert.deepEqual(answers.map(({ outcome }) => outcome), ["ok", "reject", "retry", "ok"]);
  assert.deepEqual(answers.map(({ outputs }) => outputs.map(({ text }) => text)), [["a"], [], [], ["b"]]);
  assert.deepEqual([answers[1].reason, answers[2].reason, answers[2].retryDelayMs], ["why not", "soon", 1]);
});

test("a retry without a time leaves it to the backoff", () => {
  const [{ retryDelayMs }] = run(() => { throw new Retry("soon"); }, "x");
  assert.equal(retryDelayMs, 0);
});

test("JSON that is none, or of another shape, is a rejection that says so", () => {
  const shape = { n: "integer", s: "string?" };
  const reason = (payload) => run((message) => void message.json(shape), payload)[0].reason;
  assert.equal(reason('{"n":1,"s":null}'), "");
  assert.match(reason("{"), /^malformed JSON: /);
  assert.match(reason(new Uint8Array([0x22, 0xff, 0x22])), /^malformed JSON: not UTF-8/);
  assert.equal(reason("[]"), "unexpected JSON: expected an object, found array");
  assert.equal(reason('{"n":1}'), "unexpected JSON: missing field `s`");
  assert.equal(reason('{"n":1.5,"s":""}'), "unexpected JSON: n: expected integer, found number");
});

test("any other error is thrown on", () => {
  assert.throws(() => run(() => { throw new TypeError("boom"); }, "x"), /boom/);
  assert.throws(() => run(async () => {}, "x"), /must not be async/);
  assert.throws(() => run(() => ({ payload: 1 }), "x"), /give `json` for anything else/);
});

test("a configuration that does not fit is refused in words", () => {
  const refused = (config) => {
    const made = plugin({ handle: () => {}, configure: (given) => settings(given, { longest: 80 }) });
    try {
      made.lifecycle.configure(JSON.stringify(config));
    } catch (reason) {
      return reason;
    }
    return undefined;
  };
  assert.equal(refused({}), undefined);
  assert.equal(refused({ longest: "a" }), "longest: expected number, found string");
  assert.equal(refused({ longset: 1 }), "unknown setting `longset`, there is `longest`");
});

test("an attempt counts on past what the bindings take for negative", () => {
  assert.equal(new Message({ attempts: [-1] }, 0).attempt, 2 ** 32 - 1);
});

test("an error tells the line of the source, whether its frame has a column or not", () => {
  globalThis.__millstreamLines = [null, ["src/index.js", 7]];
  const frames = located("Error: no\n    at trap (bundle.js:2:1)\n    at bundle.js:2\n    at f (bundle.js:1:2)");
  delete globalThis.__millstreamLines;
  assert.deepEqual(frames.map((frame) => frame.trim()), [
    "at trap (src/index.js:7)", "at (src/index.js:7)", "at f (bundle.js:1:2)",
  ]);
});
