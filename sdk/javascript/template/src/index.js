// Says what it is told, louder.
import { Reject, log, plugin, settings } from "millstream";

export const { batchHandler, lifecycle } = plugin({ handle, configure });

/** The plugin's `config` in the pipeline file; what is thrown refuses it. */
function configure(config) {
  const found = settings(config, { suffix: "" });
  if (found.suffix.length > 10) {
    throw new Error(`suffix has ${found.suffix.length} characters, at most 10 are allowed`);
  }
  return found;
}

function handle(message, { suffix }) {
  const text = message.text(); // not UTF-8: a dead letter that says so
  if (text === "") throw new Reject("nothing to shout"); // a dead letter with this reason
  log.debug("shouting", { characters: text.length });
  // Published, and the message done: both or neither.
  return { payload: text.toUpperCase() + suffix, key: message.key };
}
