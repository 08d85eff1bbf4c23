// Log records with fields. The host adds plugin, subscription and message by itself.
import { write } from "#host";
import { located } from "./trace.js";

let current;

/** From now on records are about message `index` of the batch; undefined: about none. */
export function at(index) {
  current = index;
}

function record(level) {
  return (text, fields = {}) => {
    const pairs = Object.entries(fields).map(([name, value]) => ({ name, value: String(value) }));
    // The host puts the message's id in its place.
    if (current !== undefined) pairs.push({ name: "millstream-index", value: String(current) });
    write(level, String(text), pairs);
  };
}

export const log = {
  trace: record("trace"),
  debug: record("debug"),
  info: record("info"),
  warn: record("warn"),
  error: record("error"),
};

/** Says what was thrown and where: it becomes the text of the dead letter. */
export function logThrown(error) {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  log.error([text, ...located(error?.stack)].join("\n"));
}
