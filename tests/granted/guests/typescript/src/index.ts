// Does what a message's header `do` says: the guest of tests/granted in TypeScript.
import { type Message, type Output, Reject, plugin } from "millstream";
import { HttpError, type Response, request } from "millstream/http";
import { KeyvalueError, open } from "millstream/keyvalue";

export const { batchHandler, lifecycle } = plugin({ handle: (message) => commands[message.header("do")!]!(message) });

const commands: Record<string, (message: Message) => Output> = {
  // Errors are nobody's here.
  call: (message) => answered(request(url(message), {
    method: "POST", headers: { "X-Asked": "yes" }, body: message.payload, timeoutMs: 5000,
  })),
  ask(message) {
    try {
      return answered(request(url(message)));
    } catch (error) {
      if (error instanceof HttpError) throw new Reject(`${error.code}: ${error.message}`);
      throw error;
    }
  },
  keep,
  "keep else reject"(message) {
    try {
      return keep(message);
    } catch (error) {
      if (error instanceof KeyvalueError) throw new Reject(`store: ${error.message}`);
      throw error;
    }
  },
};

function url(message: Message): string {
  return message.header("url") ?? "";
}

function answered(answer: Response): Output {
  const length = answer.header("Content-Length") ?? "";
  return { payload: answer.body, headers: [["status", String(answer.status)], ["length", length]] };
}

function keep(message: Message): Output {
  const store = open();
  try {
    const before = store.get("last");
    store.set("last", message.payload);
    if (store.exists("gone")) store.delete("gone");
    return { payload: before ?? "" };
  } finally {
    store.close();
  }
}
