// Columns as the contract has them: items one after another, with offsets beside.
import { decode, encode } from "./utf8.js";

/** Item `i` of a column: a view, not a copy. */
export function item({ offsets, data }, i) {
  return data.subarray(offsets[i], offsets[i + 1]);
}

export function textItem(column, i) {
  return decode(item(column, i));
}

/** Collects items, bytes or texts, into a column. */
export class ColumnBuilder {
  #items = [];

  get length() {
    return this.#items.length;
  }

  push(value) {
    this.#items.push(typeof value === "string" ? bytesOf(value) : value);
  }

  truncate(length) {
    this.#items.length = length;
  }

  build() {
    const offsets = new Uint32Array(this.#items.length + 1);
    this.#items.forEach((bytes, i) => { offsets[i + 1] = offsets[i] + bytes.length; });
    const data = new Uint8Array(offsets[this.#items.length]);
    this.#items.forEach((bytes, i) => data.set(bytes, offsets[i]));
    // Both lists empty stand for any number of empty items.
    return data.length === 0 ? NOTHING : { offsets, data };
  }
}

const EMPTY = new Uint8Array();
const NOTHING = { offsets: new Uint32Array(), data: EMPTY };

function bytesOf(text) {
  return text === "" ? EMPTY : encode(text);
}
