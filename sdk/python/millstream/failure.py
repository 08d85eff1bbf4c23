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
