/** Millstream plugins in TypeScript. */

/** One delivery of one message. */
export interface Message {
  /** The body, uninterpreted. May be empty. A view that ends with the call: copy what is kept. */
  readonly payload: Uint8Array;
  /** The body as text; rejects the message where it is not UTF-8. */
  text(): string;
  /** The body as JSON; rejects the message where it is none, or does not fit `shape`. */
  json<T = unknown>(shape?: Shape<T>): T;
  /** Opaque, unique within the topic, the same in every delivery: an idempotency key. */
  readonly id: string;
  /** The topic the message was taken from. */
  readonly topic: string;
  /** Messages of one key are ordered when the subscription says `ordering: key`. */
  readonly key: string | undefined;
  /** In the order the producer set them; names are lower case and may repeat. */
  readonly headers: [name: string, value: string][];
  /** The value of the first header called `name`, without regard to case. */
  header(name: string): string | undefined;
  /** When the topic accepted the message: milliseconds since the Unix epoch. */
  readonly publishTimeMs: number;
  /** Which try this is: 1 plus the failures so far. */
  readonly attempt: number;
  /** The message as an output: payload, key and headers as they came. */
  forward(): Output;
}

/** What a field of a JSON object must be; with `?`, null passes too. */
export type FieldType =
  | "string" | "number" | "integer" | "boolean" | "object" | "array" | "any"
  | "string?" | "number?" | "integer?" | "boolean?" | "object?" | "array?";

/** What the fields of a JSON object must be. */
export type Shape<T> = { [Field in keyof T]?: FieldType };

/** A message to publish: it appears only when the message being handled is settled. */
export type Output = {
  /** Where it goes instead of the subscription's `output`; one of its `routes`. */
  topic?: string;
  key?: string;
  headers?: [name: string, value: string][];
  /** How long it stays invisible after the settle, in milliseconds. */
  delayMs?: number;
} & ({ payload: string | Uint8Array } | { json: unknown });

/** A plugin: export what this returns, as `export const { batchHandler, lifecycle } = plugin({ … })`. */
export function plugin<Settings = Record<string, unknown>>(functions: {
  /** Handles one message. What it returns is published and the message done, both or neither. */
  handle(message: Message, settings: Settings): Output | Iterable<Output> | void;
  /** Checks the plugin's `config` before its first message; what it throws refuses it. */
  configure?(config: Record<string, unknown>): Settings;
}): { batchHandler: object; lifecycle: object };

/** The config with `defaults` for what it leaves out; unknown names and other types are refused. */
export function settings<T extends object>(config: Record<string, unknown>, defaults: T): T;

/** Throw it to have the message delivered again. Counts as one failure. */
export class Retry extends Error {
  /** Without `afterMs` the subscription's backoff decides; 0 is at once. */
  constructor(reason: string, afterMs?: number);
  readonly afterMs: number | undefined;
}

/** Throw it to make a dead letter of the message, with this reason. */
export class Reject extends Error {
  constructor(reason: string);
}

type Record_ = (text: string, fields?: Record<string, unknown>) => void;

/** Log records with fields; the host adds plugin, subscription and message. */
export const log: { trace: Record_; debug: Record_; info: Record_; warn: Record_; error: Record_ };
