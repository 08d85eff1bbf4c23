"""Millstream plugins in Python: one decorated function.

    from millstream import Message, Output, Reject, handler

    @handler
    def shout(message: Message) -> Output:
        return Output(message.text().upper(), key=message.key)
"""

from . import log
from .failure import Reject, Retry
from .handler import handler
from .message import Message
from .output import Output

__all__ = ["Message", "Output", "Reject", "Retry", "handler", "log"]
