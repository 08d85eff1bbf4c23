// The README's plugins do what it says.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { deliver } from "../src/testing.js";

const sdk = new URL("../", import.meta.url);
const blocks = [...readFileSync(new URL("README.md", sdk), "utf8").matchAll(/^```js\n(.*?)^```$/gms)];

/** The README's plugin of that number, in this package, so that it finds `millstream`. */
async function load(number) {
  const file = new URL(`build/readme-${number}.mjs`, sdk);
  mkdirSync(new URL(".", file), { recursive: true });
  writeFileSync(file, blocks[number][1]);
  return import(file);
}

test("there is nothing that is not tried", () => assert.equal(blocks.length, 2));

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
