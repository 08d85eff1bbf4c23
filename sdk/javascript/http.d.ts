/** Calling servers that the pipeline grants: `grants: { http: ["https://HOST"] }`. */
import { Retry } from "millstream";

/** What a server answered. Any status is an answer; redirects are not followed. */
export interface Response {
  readonly status: number;
  /** In their order; names are lower case and may repeat. */
  readonly headers: [name: string, value: string][];
  readonly body: Uint8Array;
  /** The value of the first header called `name`, without regard to case. */
  header(name: string): string | undefined;
  /** The body as text; throws HttpError where it is not UTF-8. */
  text(): string;
  /** The body as JSON; throws HttpError where it is none. */
  json<T = unknown>(): T;
}

export interface RequestOptions {
  /** GET, unless it says otherwise. */
  method?: string;
  headers?: [name: string, value: string][] | Record<string, string>;
  body?: string | Uint8Array;
  /**
   * How long to wait for the connection, for the first byte, and between two pieces of the body. The
   * deadline of the running call (`limits.timeout`) ends a request in any case.
   */
  timeoutMs?: number;
  /** The longest body that is taken, 1 MiB unless it says otherwise. */
  bodyBytesMax?: number;
}

/** Sends a request and waits for the answer; throws HttpError where there is none. */
export function request(url: string, options?: RequestOptions): Response;

/** A server gave no answer, or none that can be used. Where nobody catches it, the message is retried. */
export class HttpError extends Retry {
  constructor(reason: string, code: string);
  /** What happened, such as `connection-refused`; `http-request-denied` is what the pipeline does not grant. */
  readonly code: string;
}
