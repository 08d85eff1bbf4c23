// The README's plugins do what it says.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { deliver, serve } from "../src/testing.js";

const sdk = new URL("../", import.meta.url);
const blocks = [...readFileSync(new URL("README.md", sdk), "utf8").matchAll(/^```js\n(.*?)^```$/gms)];

/** The README's plugin of that number, in this package, so that it finds `millstream`. */
async function load(number) {
  const file = new URL(`build/readme-${number}.mjs`, sdk);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, blocks[number][1]);
  return import(file);
}

test("there is nothing that is not tried", () => assert.equal(blocks.length, 3));

test("large orders go to review, negative ones are refused", async () => {
  const orders = ['{"id":"a","total":2000}', '{"id":"a","total":-1}', '{"id":"a","total":1}', "{"];
  const [large, negative, small, malformed] = deliver(await load(0), orders);
  const [{ text, key, headers }] = large.outputs;
  assert.deepEqual([text, key, headers], ["review a", "a", [["priority", "high"]]]);
  assert.deepEqual([negative.outcome, negative.reason], ["reject", "order a has a negative total"]);
  assert.deepEqual([small.outcome, small.outputs], ["ok", []]);
  assert.equal(malformed.outcome, "reject");
});

test("short lines pass, and the configuration is checked", async () => {
  const lines = await load(1);
  const [short, long] = deliver(lines, ["abc", "abcd"], { longest: 3 });
  assert.deepEqual([short.outputs.map(({ text }) => text), long.outputs], [["abc"], []]);
  assert.throws(() => deliver(lines, [], { longst: 1 }), /longst/);
});

test("an order is priced at the server's rate", async () => {
  const order = '{"id":"a","total":10,"currency":"USD"}';
  const answers = [{ body: "0.5" }, { status: 404 }, { body: "soon" }];
  const asked = [];
  serve(({ method, url }) => { asked.push(`${method} ${url}`); return answers.shift(); });
  const [priced, unknown, later] = deliver(await load(2), [order, order, order]);
  serve(undefined);
  assert.equal(asked[0], "GET https://rates.example.com/USD");
  assert.deepEqual(JSON.parse(priced.outputs[0].text), { id: "a", euros: 5 });
  assert.deepEqual([unknown.outcome, unknown.reason], ["reject", "there is no rate for USD"]);
  assert.equal(later.outcome, "retry");
  assert.match(later.reason, /malformed JSON/);
});
