"""From one function to what the host calls."""

import json
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from . import log, registry
from .columns import ColumnBuilder
from .failure import Reject, Retry
from .message import Message
from .output import Output, Outputs, milliseconds
from .shape import read

Returned = Output | Iterable[Output] | None

# What is told of an error: its last lines say most.
TRACEBACK_CHARS_MAX = 4000


class Plugin:
    """A handler and its configuration. There is one in a plugin."""

    def __init__(self, handle: Callable[..., Returned], config: type | None) -> None:
        self.handle = handle
        self.config = config
        self.settings: tuple[Any, ...] = ()

    def configure(self, text: str) -> None:
        """Takes the plugin's `config` from the pipeline file; ValueError refuses it."""
        if self.config is not None:
            self.settings = (read(json.loads(text), self.config, closed=True),)

    def answer(self, batch: Any) -> "Answer":
        """What becomes of each message of `batch`."""
        answer = Answer()
        for index in range(len(batch.attempts)):
            log.at(index)
            answer.add(lambda: self.handle(*self.settings, Message(batch, index)))
        log.at(None)
        return answer


class Answer:
    """Outcomes (ok, retry, reject) and outputs of a batch, as the contract's columns want them."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.reasons = ColumnBuilder()
        self.retry_delays_ms: list[int] = []
        self.starts = [0]
        self.outputs = Outputs()

    def add(self, handle: Callable[[], Returned]) -> None:
        """Adds the next message's. Outputs of a message that fails are dropped."""
        before = len(self.outputs)
        try:
            for output in listed(handle()):
                self.outputs.push(output)
            self.verdict("OK")
        except Retry as failure:
            # 0 would leave it to the backoff; 1 is at once.
            delay = 0 if failure.after is None else max(milliseconds(failure.after), 1)
            self.outputs.truncate(before)
            self.verdict("RETRY", str(failure), delay)
        except Reject as failure:
            self.outputs.truncate(before)
            self.verdict("REJECT", str(failure))
        except BaseException:
            log.error(traceback.format_exc()[-TRACEBACK_CHARS_MAX:].rstrip())
            raise
        self.starts.append(len(self.outputs))

    def verdict(self, outcome: str, reason: str = "", delay_ms: int = 0) -> None:
        self.outcomes.append(outcome)
        self.reasons.push(reason.replace("\r", " ").replace("\n", " ").encode())
        self.retry_delays_ms.append(delay_ms)


def listed(returned: Returned) -> Iterable[Output]:
    if returned is None:
        return ()
    return (returned,) if isinstance(returned, Output) else returned


def handler(handle: Callable[..., Returned] | None = None, *, config: type | None = None) -> Any:
    """Makes the decorated function the plugin's handler. Once in a plugin.

    The function takes a `Message` and returns an `Output`, an iterable of them (it may be a
    generator) or None. It raises `Retry` or `Reject`; any other exception counts as a failure of that
    one message. With `config`, a dataclass, its first argument is of that type: the plugin's
    `config` from the pipeline file. What does not fit, and a ValueError raised in the dataclass's
    `__post_init__`, refuses the configuration before the first message.
    """

    def decorate(function: Callable[..., Returned]) -> Callable[..., Returned]:
        registry.make(Plugin(function, config))
        return function

    return decorate if handle is None else decorate(handle)
