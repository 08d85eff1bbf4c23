/** State that outlives the instance, where the pipeline grants it: `grants: { keyvalue: true }`. */
import { Retry } from "millstream";

/** Values by their keys. What the store refuses is a KeyvalueError. */
export interface Store {
  /** The value of `key`, or undefined where there is none. */
  get(key: string): Uint8Array | undefined;
  /** Gives `key` a value, in the place of the one it has. */
  set(key: string, value: string | Uint8Array): void;
  /** Removes `key` and its value; nothing happens where there is none. */
  delete(key: string): void;
  /** Whether `key` has a value. */
  exists(key: string): boolean;
  /** Gives the store back to the host. It must not be used after that. */
  close(): void;
}

/** The store of that name, `default` unless it says otherwise; throws KeyvalueError where there is none. */
export function open(name?: string): Store;

/** The store did not do what it was asked. Where nobody catches it, the message is retried. */
export class KeyvalueError extends Retry {
  constructor(reason: string);
}
