import { ColumnBuilder } from "./column.js";

/** Messages to publish, as columns. */
export class Outputs {
  #topics = new ColumnBuilder();
  #keys = new ColumnBuilder();
  #headerStarts = [0];
  #names = new ColumnBuilder();
  #values = new ColumnBuilder();
  #payloads = new ColumnBuilder();
  #delays = [];

  get length() {
    return this.#payloads.length;
  }

  push(output) {
    const payload = payloadOf(output);
    for (const [name, value] of output.headers ?? []) {
      this.#names.push(name);
      this.#values.push(value);
    }
    this.#headerStarts.push(this.#names.length);
    this.#topics.push(output.topic ?? "");
    this.#keys.push(output.key ?? "");
    this.#payloads.push(payload);
    this.#delays.push(Math.ceil(output.delayMs ?? 0));
  }

  /** Keeps the first `length` messages. */
  truncate(length) {
    this.#headerStarts.length = length + 1;
    const headers = this.#headerStarts[length];
    for (const column of [this.#names, this.#values]) column.truncate(headers);
    for (const column of [this.#topics, this.#keys, this.#payloads]) column.truncate(length);
    this.#delays.length = length;
  }

  build(starts) {
    return {
      starts: Uint32Array.from(starts),
      topics: this.#topics.build(),
      keys: this.#keys.build(),
      headers: this.#headers(),
      payloads: this.#payloads.build(),
      delaysMs: Uint32Array.from(this.#delays.some((delay) => delay > 0) ? this.#delays : []),
    };
  }

  #headers() {
    const starts = Uint32Array.from(this.#names.length > 0 ? this.#headerStarts : []);
    return { starts, names: this.#names.build(), values: this.#values.build() };
  }
}

function payloadOf(output) {
  if (output === null || typeof output !== "object") {
    throw new TypeError(`an output is an object with a payload or json, not ${String(output)}`);
  }
  if ("json" in output) return JSON.stringify(output.json);
  const { payload } = output;
  if (typeof payload === "string" || payload instanceof Uint8Array) return payload;
  throw new TypeError("an output's payload is a string or a Uint8Array; give `json` for anything else");
}
