import { item, textItem } from "./column.js";
import { Reject } from "./failure.js";
import { misfit } from "./shape.js";
import { decode } from "./utf8.js";

/** One delivery of one message: a view into the batch that the host sent. */
export class Message {
  #batch;
  #index;

  constructor(batch, index) {
    this.#batch = batch;
    this.#index = index;
  }

  /** The body, uninterpreted. May be empty. */
  get payload() {
    return item(this.#batch.payloads, this.#index);
  }

  /** The body as text; rejects the message where it is not UTF-8. */
  text() {
    try {
      return decode(this.payload);
    } catch {
      throw new Reject("not UTF-8 text");
    }
  }

  /** The body as JSON; rejects the message where it is none, or does not fit `shape`. */
  json(shape) {
    const value = this.#parsed();
    const wrong = shape && misfit(value, shape);
    if (wrong) throw new Reject(`unexpected JSON: ${wrong}`);
    return value;
  }

  #parsed() {
    try {
      return JSON.parse(decode(this.payload));
    } catch (error) {
      const why = error instanceof URIError || error instanceof TypeError ? "not UTF-8 text" : error.message;
      throw new Reject(`malformed JSON: ${why}`);
    }
  }

  /** Opaque, unique within the topic, the same in every delivery: an idempotency key. */
  get id() {
    return textItem(this.#batch.ids, this.#index);
  }

  /** The topic the message was taken from. */
  get topic() {
    return this.#batch.topic;
  }

  /** The key, or undefined. */
  get key() {
    return textItem(this.#batch.keys, this.#index) || undefined;
  }

  /** The headers, `[name, value]` each, in the order the producer set them; names are lower case. */
  get headers() {
    const { starts, names, values } = this.#batch.headers;
    const headers = [];
    for (let i = starts[this.#index]; i < starts[this.#index + 1]; i++) {
      headers.push([textItem(names, i), textItem(values, i)]);
    }
    return headers;
  }

  /** The value of the first header called `name`, without regard to case, or undefined. */
  header(name) {
    return this.headers.find(([found]) => found === name.toLowerCase())?.[1];
  }

  /** When the topic accepted the message: milliseconds since the Unix epoch. */
  get publishTimeMs() {
    return Number(this.#batch.publishTimesMs[this.#index]);
  }

  /** Which try this is: 1 plus the failures so far. */
  get attempt() {
    // QuickJS's bindings hand over numbers from 2^31 on as negative ones.
    return this.#batch.attempts[this.#index] >>> 0;
  }

  /** The message as an output: payload, key and headers as they came. */
  forward() {
    return { payload: this.payload, key: this.key, headers: this.headers };
  }
}
