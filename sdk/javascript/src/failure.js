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
