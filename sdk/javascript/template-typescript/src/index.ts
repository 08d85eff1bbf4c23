// Says what it is told, louder.
import { type Message, type Output, Reject, log, plugin, settings } from "millstream";

/** The plugin's `config` in the pipeline file. */
interface Settings {
  /** What every text ends with. */
  suffix: string;
}

export const { batchHandler, lifecycle } = plugin<Settings>({ handle, configure });

/** What is thrown refuses the configuration. */
function configure(config: Record<string, unknown>): Settings {
  const found = settings(config, { suffix: "" });
  if (found.suffix.length > 10) {
    throw new Error(`suffix has ${found.suffix.length} characters, at most 10 are allowed`);
  }
  return found;
}

function handle(message: Message, { suffix }: Settings): Output {
  const text = message.text(); // not UTF-8: a dead letter that says so
  if (text === "") throw new Reject("nothing to shout"); // a dead letter with this reason
  log.debug("shouting", { characters: text.length });
  // Published, and the message done: both or neither.
  return { payload: text.toUpperCase() + suffix, key: message.key };
}
