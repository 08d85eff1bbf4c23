// State that outlives the instance, where the pipeline grants it: `grants: { keyvalue: true }`.
import { open as openBucket } from "#keyvalue";
import { asking } from "./asking.js";
import { KeyvalueError } from "./failure.js";
import { encode } from "./utf8.js";

export { KeyvalueError };

/** The store of that name; throws KeyvalueError where there is none. */
export function open(name = "default") {
  return new Store(asking(() => openBucket(name), refused));
}

/** Values by their keys. What the store refuses is a KeyvalueError. */
class Store {
  #bucket;

  constructor(bucket) {
    this.#bucket = bucket;
  }

  /** The value of `key`, or undefined where there is none. */
  get(key) {
    return asking(() => this.#bucket.get(key), refused) ?? undefined;
  }

  /** Gives `key` a value, bytes or text, in the place of the one it has. */
  set(key, value) {
    asking(() => this.#bucket.set(key, typeof value === "string" ? encode(value) : value), refused);
  }

  /** Removes `key` and its value; nothing happens where there is none. */
  delete(key) {
    asking(() => this.#bucket.delete(key), refused);
  }

  /** Whether `key` has a value. */
  exists(key) {
    return asking(() => this.#bucket.exists(key), refused);
  }

  /** Gives the store back to the host. It must not be used after that. */
  close() {
    this.#bucket[Symbol.dispose]();
  }
}

const WORDS = { "no-such-store": "there is no such store", "access-denied": "the plugin may not use this store" };

function refused({ tag, val }) {
  throw new KeyvalueError(val ?? WORDS[tag]);
}
