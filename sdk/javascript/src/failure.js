// Why a message was not handled.

/** Thrown: deliver the message again. Counts as one failure. */
export class Retry extends Error {
  name = "Retry";

  /**
   * @param {string} reason for people, one line
   * @param {number} [afterMs] earliest next delivery from now; absent: the subscription's backoff decides, 0: at once
   */
  constructor(reason, afterMs) {
    super(reason);
    this.afterMs = afterMs;
  }
}

/** Thrown: the message can never be handled; it becomes a dead letter with this reason. */
export class Reject extends Error {
  name = "Reject";
}

/** A server gave no answer, or none that can be used. Where nobody catches it, the message is retried. */
export class HttpError extends Retry {
  name = "HttpError";

  /**
   * @param {string} reason for people, one line
   * @param {string} code what happened, such as "connection-refused"
   */
  constructor(reason, code) {
    super(reason);
    this.code = code;
  }
}

/** The store did not do what it was asked. Where nobody catches it, the message is retried. */
export class KeyvalueError extends Retry {
  name = "KeyvalueError";
}
