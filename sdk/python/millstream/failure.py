"""Why a message was not handled."""

from datetime import timedelta


class Retry(Exception):
    """Raise it to have the message delivered again. Counts as one failure.

    `after` is the earliest next delivery from now; without it the subscription's backoff decides.
    """

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Reject(Exception):
    """Raise it to make a dead letter of the message, with this reason."""


class HttpError(Retry):
    """A server gave no answer, or none that can be used. Where nobody catches it, the message is retried.

    `code` is what happened in one word, such as "connection-refused"; "http-request-denied" is what the
    pipeline does not grant.
    """

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


class KeyvalueError(Retry):
    """The store did not do what it was asked. Where nobody catches it, the message is retried."""
