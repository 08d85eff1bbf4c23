// What the host would do with a plugin, for its own tests under Node.js.
import { encode } from "./utf8.js";
import { answerBy } from "./http-native.js";
import { item, textItem } from "./column.js";

/**
 * Hands `messages` to what `plugin()` returned, as one batch. Each message is a payload, or
 * `{ payload, key, headers, attempt, topic }`. Returns one answer for each:
 * `{ outcome, reason, retryDelayMs, outputs: [{ payload, text, topic, key, headers, delayMs }] }`.
 */
export function deliver(made, messages, config = {}) {
  made.lifecycle.configure(JSON.stringify(config));
  const answer = made.batchHandler.handle(batch(messages.map(whole)));
  return answer.outcomes.map((outcome, i) => ({
    outcome,
    reason: at(answer.reasons, i),
    retryDelayMs: answer.retryDelaysMs[i] ?? 0,
    outputs: outputsOf(answer.outgoing, i),
  }));
}

function whole(message) {
  const given = typeof message === "string" || message instanceof Uint8Array ? { payload: message } : message;
  const { payload, key = "", headers = [], attempt = 1 } = given;
  return { payload: typeof payload === "string" ? encode(payload) : payload, key, headers, attempt };
}

function batch(messages) {
  const headers = messages.flatMap((message) => message.headers);
  const starts = [0];
  for (const message of messages) starts.push(starts.at(-1) + message.headers.length);
  return {
    topic: "test",
    ids: column(messages.map((_, i) => encode(`message-${i}`))),
    keys: column(messages.map((message) => encode(message.key))),
    headers: {
      starts: Uint32Array.from(starts),
      names: column(headers.map(([name]) => encode(name.toLowerCase()))),
      values: column(headers.map(([, value]) => encode(value))),
    },
    payloads: column(messages.map((message) => message.payload)),
    publishTimesMs: BigUint64Array.from(messages, () => 0n),
    attempts: Uint32Array.from(messages, (message) => message.attempt),
  };
}

function column(items) {
  const offsets = new Uint32Array(items.length + 1);
  items.forEach((bytes, i) => { offsets[i + 1] = offsets[i] + bytes.length; });
  const data = new Uint8Array(offsets[items.length]);
  items.forEach((bytes, i) => data.set(bytes, offsets[i]));
  return { offsets, data };
}

function at(column, i) {
  return column.offsets.length === 0 ? "" : textItem(column, i);
}

function outputsOf(outgoing, i) {
  const outputs = [];
  for (let m = outgoing.starts[i]; m < outgoing.starts[i + 1]; m++) {
    const payload = outgoing.payloads.offsets.length === 0 ? new Uint8Array() : item(outgoing.payloads, m);
    outputs.push({
      payload,
      text: new TextDecoder().decode(payload),
      topic: at(outgoing.topics, m) || undefined,
      key: at(outgoing.keys, m) || undefined,
      headers: headersOf(outgoing.headers, m),
      delayMs: outgoing.delaysMs[m] ?? 0,
    });
  }
  return outputs;
}

function headersOf({ starts, names, values }, m) {
  const headers = [];
  for (let i = starts[m] ?? 0; i < (starts[m + 1] ?? 0); i++) headers.push([at(names, i), at(values, i)]);
  return headers;
}

/**
 * From now on `answer` answers the requests of `millstream/http`: from `{ method, url, headers, body }` to
 * `{ status, headers, body }`, or it throws. undefined: nobody does.
 */
export function serve(answer) {
  answerBy(answer);
}
