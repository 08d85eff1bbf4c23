// Requests where there is no host: a plugin's own tests say what is answered.
import { encode } from "./utf8.js";

let answering;

/** From now on `answer` answers requests; undefined: nobody does. */
export function answerBy(answer) {
  answering = answer;
}

export function send({ method, scheme, authority, path, headers, body }) {
  if (!answering) throw new Error("there is no host to send a request: give an answer by `serve` of millstream/testing");
  const answer = answering({ method, url: `${scheme}://${authority}${path}`, headers, body });
  const { status = 200, headers: found = [], body: content = "" } = answer;
  return {
    status,
    headers: found.map(([name, value]) => [name, encode(value)]),
    body: typeof content === "string" ? encode(content) : content,
  };
}
