/** What the host would do with a plugin, for its own tests under Node.js. */

export type Given =
  | string
  | Uint8Array
  | { payload: string | Uint8Array; key?: string; headers?: [string, string][]; attempt?: number };

export interface Sent {
  payload: Uint8Array;
  text: string;
  topic: string | undefined;
  key: string | undefined;
  headers: [string, string][];
  delayMs: number;
}

export interface Answer {
  outcome: "ok" | "retry" | "reject";
  reason: string;
  retryDelayMs: number;
  outputs: Sent[];
}

/** Hands `messages` to a plugin as one batch, after it has looked at `config`. */
export function deliver(made: object, messages: Given[], config?: object): Answer[];

export interface Asked {
  method: string;
  url: string;
  headers: [name: string, value: Uint8Array][];
  body: Uint8Array;
}

export interface Answering {
  status?: number;
  headers?: [name: string, value: string][];
  body?: string | Uint8Array;
}

/** From now on `answer` answers the requests of `millstream/http`, or throws; undefined: nobody does. */
export function serve(answer: ((asked: Asked) => Answering) | undefined): void;
