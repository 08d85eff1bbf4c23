// Calling servers that the pipeline grants: `grants: { http: ["https://HOST"] }`.
import { send } from "#http";
import { HttpError } from "./failure.js";
import { decode, encode } from "./utf8.js";

export { HttpError };

// Bytes of an answer's body, where the request does not say.
const BODY_BYTES_MAX = 1 << 20;

/** Sends a request and waits for the answer; throws HttpError where there is none. */
export function request(url, { method = "GET", headers = [], body, timeoutMs, bodyBytesMax = BODY_BYTES_MAX } = {}) {
  try {
    const sent = { method: method.toUpperCase(), ...parts(url), ...content(headers, body), timeoutMs, bodyBytesMax };
    return new Response(send(sent));
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    // Without the query, which may hold a secret: people read the reason.
    throw new HttpError(`${method} ${String(url).split("?", 1)[0]}: ${error.message}`, error.code);
  }
}

/** What a server answered. Any status is an answer; redirects are not followed. */
class Response {
  constructor({ status, headers, body }) {
    this.status = status;
    this.headers = headers.map(([name, value]) => [name.toLowerCase(), headerText(value)]);
    this.body = body;
  }

  /** The value of the first header called `name`, without regard to case, or undefined. */
  header(name) {
    return this.headers.find(([found]) => found === name.toLowerCase())?.[1];
  }

  /** The body as text; throws HttpError where it is not UTF-8. */
  text() {
    try {
      return decode(this.body);
    } catch {
      throw new HttpError("the answer is not UTF-8 text", "malformed-answer");
    }
  }

  /** The body as JSON; throws HttpError where it is none. */
  json() {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new HttpError(`the answer is malformed JSON: ${error.message}`, "malformed-answer");
    }
  }
}

const URL_PARTS = /^(https?):\/\/([^/?#\s]+)([^#]*)/i;

function parts(url) {
  const [, scheme, authority, rest] = URL_PARTS.exec(url) ?? [];
  if (!authority) throw new HttpError("a URL begins with http:// or https:// and a host", "invalid-url");
  return { scheme: scheme.toLowerCase(), authority, path: rest.startsWith("/") ? rest : `/${rest}` };
}

/** Headers and body as bytes, with the body's length among the headers. */
function content(headers, body) {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const sent = pairs.map(([name, value]) => [name, encode(String(value))]);
  if (body === undefined) return { headers: sent, body: new Uint8Array() };
  const bytes = typeof body === "string" ? encode(body) : body;
  const told = sent.some(([name]) => name.toLowerCase() === "content-length");
  if (!told) sent.push(["content-length", encode(String(bytes.length))]);
  return { headers: sent, body: bytes };
}

/** A header's value, which is UTF-8 by now, and Latin-1 where it is not. */
function headerText(bytes) {
  try {
    return decode(bytes);
  } catch {
    return String.fromCharCode(...bytes);
  }
}
