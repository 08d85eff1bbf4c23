// Millstream plugins in JavaScript: one function, one line that makes it a plugin.
import { ColumnBuilder } from "./column.js";
import { Reject, Retry } from "./failure.js";
import { at, log, logThrown } from "./log.js";
import { Message } from "./message.js";
import { Outputs } from "./outputs.js";
import { settings } from "./settings.js";

export { Reject, Retry, log, settings };

// The longest delay that the contract can say: 49 days.
const DELAY_MS_MAX = 2 ** 32 - 1;

/** Makes a plugin: `export const { batchHandler, lifecycle } = plugin({ handle, configure })`. */
export function plugin({ handle, configure = (config) => config }) {
  let configured = configure.length === 0 ? configure() : undefined;
  return {
    batchHandler: { handle: (batch) => handleBatch(batch, (message) => handle(message, configured)) },
    lifecycle: {
      configure(json) {
        configured = refusing(() => configure(JSON.parse(json)));
      },
    },
  };
}

/** What is thrown refuses the configuration: the host wants the text alone. */
function refusing(configure) {
  try {
    return configure();
  } catch (error) {
    throw oneLine(error instanceof Error ? error.message : String(error));
  }
}

function handleBatch(batch, handle) {
  const answer = { outcomes: [], reasons: new ColumnBuilder(), delays: [], starts: [0] };
  const outputs = new Outputs();
  for (let i = 0; i < batch.attempts.length; i++) {
    at(i);
    push(answer, verdict(outputs, () => handle(new Message(batch, i))));
    answer.starts.push(outputs.length);
  }
  at(undefined);
  return {
    outcomes: answer.outcomes,
    reasons: answer.reasons.build(),
    retryDelaysMs: Uint32Array.from(answer.delays.some((delay) => delay > 0) ? answer.delays : []),
    outgoing: outputs.build(answer.starts),
  };
}

function push({ outcomes, reasons, delays }, { outcome, reason = "", delay = 0 }) {
  outcomes.push(outcome);
  reasons.push(oneLine(reason));
  delays.push(delay);
}

/** Lets `handle` answer for one message. Outputs of a message that fails are dropped. */
function verdict(outputs, handle) {
  const before = outputs.length;
  try {
    for (const output of listed(handle())) outputs.push(output);
    return { outcome: "ok" };
  } catch (error) {
    outputs.truncate(before);
    return failure(error);
  }
}

function listed(returned) {
  if (returned === undefined || returned === null) return [];
  if (typeof returned.then === "function") throw new TypeError("a handler must not be async");
  return typeof returned[Symbol.iterator] === "function" ? returned : [returned];
}

function failure(error) {
  if (error instanceof Reject) return { outcome: "reject", reason: error.message };
  if (error instanceof Retry) {
    return { outcome: "retry", reason: error.message, delay: retryDelay(error.afterMs) };
  }
  logThrown(error);
  throw error;
}

/** 0 would leave it to the backoff; 1 is at once. */
function retryDelay(afterMs) {
  if (afterMs === undefined) return 0;
  return Math.min(Math.max(Math.ceil(afterMs), 1), DELAY_MS_MAX);
}

function oneLine(text) {
  return text.replace(/[\r\n]/g, " ");
}
