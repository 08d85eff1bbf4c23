// Does what a message's header `do` says: the guest of tests/conformance in JavaScript.
import { Reject, Retry, log, plugin, settings } from "millstream";

export const { batchHandler, lifecycle } = plugin({ handle, configure });

function configure(config) {
  const defaults = { refuse: "", text: "unset", number: 0, truth: false, list: [], object: {} };
  const found = settings(config, defaults);
  if (found.refuse) throw new Error(found.refuse);
  return found;
}

function handle(message, found) {
  const command = message.header("do");
  if (!Object.hasOwn(commands, command)) throw new Reject(`unknown: ${command}`);
  return commands[command](message, found);
}

const commands = {
  nothing: () => undefined,
  echo: ({ payload, key, headers }) => ({ payload, key, headers: headers.filter(([name]) => name !== "do") }),
  forward: (message) => message.forward(),
  describe: (message) => ({ payload: describe(message) }),
  id: (message) => ({ payload: message.id }),
  time: (message) => ({ payload: String(message.publishTimeMs) }),
  *emit(message) {
    for (let i = 0; i < number(message, "n"); i++) yield { payload: String(i) };
  },
  route: (message) => ({ payload: message.payload, topic: message.header("to") }),
  delay: (message) => ({ payload: message.payload, delayMs: number(message, "ms") }),
  key: (message) => ({ payload: message.payload, key: message.header("key") }),
  headers(message) {
    const headers = Array.from({ length: number(message, "n") }, (_, i) => [`h-${i}`, String(i)]);
    return { payload: "", headers };
  },
  log(message) {
    log[message.header("level")](message.text(), { color: "blue" });
  },
  config(message, found) {
    const value = found[message.header("name")];
    return { payload: typeof value === "string" ? value : JSON.stringify(value) };
  },
  reject(message) {
    throw new Reject(why(message));
  },
  retry(message) {
    const ms = message.header("ms");
    throw new Retry(why(message), ms === undefined ? undefined : Number(ms));
  },
  "retry before"(message) {
    if (message.attempt < number(message, "n")) throw new Retry(why(message), 0);
    return { payload: String(message.attempt) };
  },
  *"emit then reject"(message) {
    yield dropped;
    throw new Reject(why(message));
  },
  *"emit then retry"(message) {
    yield dropped;
    throw new Retry(why(message));
  },
  trap(message) {
    throw new Error(why(message));
  },
};

const dropped = { payload: "dropped", key: "dropped", headers: [["dropped", "yes"]] };

/** The header of that name, or the payload where there is none. */
function why(message) {
  return message.header("why") ?? message.text();
}

function number(message, name) {
  return Number(message.header(name));
}

function describe({ payload, key, headers, topic, attempt }) {
  const xor = payload.reduce((xor, byte) => xor ^ byte, 0);
  const place = `key=${key ? hex(key) : "none"} headers=${headers.length} topic=${topic}`;
  return `${place} attempt=${attempt} bytes=${payload.length} xor=${byteHex(xor)}`;
}

function hex(text) {
  const bytes = encodeURIComponent(text).replace(/%(..)|(.)/g, (_, escaped, plain) =>
    (escaped ?? byteHex(plain.charCodeAt(0))).toLowerCase());
  return bytes;
}

function byteHex(byte) {
  return byte.toString(16).padStart(2, "0");
}
