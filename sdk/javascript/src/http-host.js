// One request by `wasi:http`, within the host.
import { handle } from "wasi:http/outgoing-handler@0.2.1";
import { Fields, OutgoingBody, OutgoingRequest, RequestOptions, httpErrorCode } from "wasi:http/types@0.2.1";
import { asking, closing } from "./asking.js";
import { HttpError } from "./failure.js";

// The most that the host takes in one write, and what is asked for in one read.
const WRITE_BYTES_MAX = 4 << 10;
const READ_BYTES_MAX = 64 << 10;

const NANOSECONDS = 1e6;
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/** Status, headers and body of the answer. What is the host's is given back in any case. */
export function send(request) {
  const outgoing = head(request);
  const body = outgoing.body();
  return closing(answerTo(outgoing, body, request.timeoutMs), (coming) => {
    // The host sends what is written while it is written.
    write(body, request.body);
    closing(coming.subscribe(), (ready) => ready.block());
    return closing(arrived(coming.get()), (response) => ({
      status: response.status(),
      headers: closing(response.headers(), (headers) => headers.entries()),
      body: read(response, request.bodyBytesMax),
    }));
  });
}

function head({ method, scheme, authority, path, headers }) {
  const outgoing = new OutgoingRequest(asking(() => Fields.fromList(headers), malformedHeader));
  asking(() => {
    outgoing.setMethod(METHODS.includes(method) ? { tag: method.toLowerCase() } : { tag: "other", val: method });
    outgoing.setScheme({ tag: scheme.toUpperCase() });
    outgoing.setAuthority(authority);
    outgoing.setPathWithQuery(path);
  }, () => closing(outgoing, malformed));
  return outgoing;
}

function malformedHeader({ tag }) {
  throw new HttpError(`a header is ${tag === "invalid-syntax" ? "malformed" : words(tag)}`, "invalid-header");
}

function malformed() {
  throw new HttpError("the method or the URL is malformed", "invalid-url");
}

/** What the answer will come by. */
function answerTo(outgoing, body, timeoutMs) {
  return asking(() => handle(outgoing, options(timeoutMs)), (code) => {
    body[Symbol.dispose]();
    throw failure(code);
  });
}

function options(timeoutMs) {
  if (timeoutMs === undefined) return null;
  const wait = Math.max(Math.ceil(timeoutMs), 1) * NANOSECONDS;
  const options = new RequestOptions();
  options.setConnectTimeout(wait);
  options.setFirstByteTimeout(wait);
  options.setBetweenBytesTimeout(wait);
  return options;
}

/** Writes the body. Where that goes wrong, the answer tells why. */
function write(body, bytes) {
  const written = asking(() => closing(body.write(), (stream) => writeTo(stream, bytes)), unwritten);
  if (!written) return body[Symbol.dispose]();
  return asking(() => OutgoingBody.finish(body, null), () => {});
}

function unwritten({ val: cause }) {
  cause?.[Symbol.dispose]();
  return false;
}

function writeTo(stream, bytes) {
  for (let at = 0; at < bytes.length; at += WRITE_BYTES_MAX) {
    stream.blockingWriteAndFlush(bytes.subarray(at, at + WRITE_BYTES_MAX));
  }
  return true;
}

/** The response that a future holds: a result within a result. */
function arrived({ val: found }) {
  if (found.tag === "err") throw failure(found.val);
  return found.val;
}

function read(response, bytesMax) {
  const pieces = [];
  let length = 0;
  closing(response.consume(), (body) => closing(body.stream(), (stream) => {
    for (let piece = next(stream); piece; piece = next(stream)) {
      pieces.push(piece);
      length += piece.length;
      if (length > bytesMax) throw new HttpError(`the answer has more than ${bytesMax} bytes`, "http-response-body-size");
    }
  }));
  return joined(pieces, length);
}

/** The next piece of a body; undefined at its end. */
function next(stream) {
  return asking(() => stream.blockingRead(READ_BYTES_MAX), ({ tag, val }) => {
    if (tag !== "closed") throw closing(val, broken);
  });
}

function broken(cause) {
  const code = httpErrorCode(cause);
  return code ? failure(code) : new HttpError(cause.toDebugString(), "internal-error");
}

function joined(pieces, length) {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The host's code in words. */
function failure({ tag, val }) {
  const code = tag.toLowerCase();
  return new HttpError(told(code, detail(val)), code);
}

function told(code, detail) {
  if (code === "http-request-denied") return "the pipeline does not grant this server: `grants.http` does not list it";
  if (code === "internal-error" && detail) return detail;
  return detail ? `${words(code)}: ${detail}` : words(code);
}

/** The text that comes with a code, if one does. */
function detail(value) {
  if (typeof value === "string") return value;
  return Object.values(value ?? {}).find((part) => typeof part === "string");
}

function words(tag) {
  return tag.replaceAll("-", " ");
}
