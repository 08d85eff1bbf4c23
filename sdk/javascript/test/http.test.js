import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpError, request } from "../src/http.js";
import { open } from "../src/keyvalue.js";
import { Retry, plugin } from "../src/millstream.js";
import { deliver, serve } from "../src/testing.js";
import { settle, world } from "../granted.mjs";

/** The request that a server would get. */
function asked(url, options, answer = {}) {
  let seen;
  serve((given) => { seen = given; return answer; });
  const response = request(url, options);
  serve(undefined);
  return { ...seen, response };
}

test("a URL is taken apart and put together again, without its fragment", () => {
  assert.equal(asked("https://a.example:8443/b/c?d=e#f").url, "https://a.example:8443/b/c?d=e");
  assert.equal(asked("HTTP://a.example").url, "http://a.example/");
  assert.equal(asked("http://a.example?d").url, "http://a.example/?d");
});

test("what is no URL is an error that says so", () => {
  for (const url of ["a.example", "ftp://a.example", "http://", undefined]) {
    assert.throws(() => request(url), (error) => error instanceof HttpError && error.code === "invalid-url");
  }
});

test("a body tells its length, and no body tells none", () => {
  const headers = (options) =>
    asked("http://a.example", options).headers.map(([name, value]) => `${name}: ${Buffer.from(value)}`);
  assert.deepEqual(headers({}), []);
  assert.deepEqual(headers({ method: "post", body: "hé" }), ["content-length: 3"]);
  assert.deepEqual(headers({ body: new Uint8Array(), headers: { a: 1 } }), ["a: 1", "content-length: 0"]);
  assert.deepEqual(headers({ body: "x", headers: [["Content-Length", "1"]] }), ["Content-Length: 1"]);
});

test("an answer is read as text, JSON and headers", () => {
  const answer = { status: 201, headers: [["A", "1"], ["a", "2"]], body: '{"a":1}' };
  const { method, response } = asked("http://a.example", { method: "put" }, answer);
  assert.deepEqual([method, response.status, response.header("A"), response.json()], ["PUT", 201, "1", { a: 1 }]);
  assert.deepEqual(response.headers, [["a", "1"], ["a", "2"]]);
});

test("an answer that is something else is an error to retry", () => {
  const read = (body) => asked("http://a.example", {}, { body }).response;
  assert.throws(() => read(new Uint8Array([255])).text(), /not UTF-8/);
  assert.throws(() => read("{").json(), (error) => error instanceof Retry && /malformed JSON/.test(error.message));
});

test("an error names the request without its query, and is a retry where nobody catches it", () => {
  serve(() => { throw new HttpError("connection refused", "connection-refused"); });
  const handle = () => void request("http://a.example/b?token=secret");
  const [{ outcome, reason }] = deliver(plugin({ handle }), ["x"]);
  serve(undefined);
  assert.deepEqual([outcome, reason], ["retry", "GET http://a.example/b: connection refused"]);
});

test("without a host nothing is sent or kept, and the test learns it", () => {
  assert.throws(() => request("http://a.example"), /there is no host/);
  assert.throws(() => open(), /there is no host/);
});

test("the world of a plugin has what it imports, and no more", () => {
  assert.equal(world(["millstream:plugin/logging@0.1.0"]), "configurable-batch-consumer");
  assert.equal(world(["late:http/types@0.2.1"]), "http-batch-consumer");
  assert.equal(world(["late:keyvalue/store@0.2.0-draft"]), "keyvalue-batch-consumer");
  assert.equal(world(["late:keyvalue/store@0.2.0-draft", "late:http/types@0.2.1"]), "http-keyvalue-batch-consumer");
});

test("only imports are called otherwise when the component is made", () => {
  const section = (id, text) => Buffer.concat([Buffer.from([id, 0x80 | text.length, 0x00]), Buffer.from(text)]);
  const header = Buffer.alloc(8);
  const given = [header, section(1, "late:http"), section(10, "late:http late:io"), section(1, "late:http")];
  const made = [header, section(1, "late:http"), section(10, "wasi:http wasi:io"), section(1, "late:http")];
  assert.deepEqual(settle(Buffer.concat(given)), Buffer.concat(made));
});
