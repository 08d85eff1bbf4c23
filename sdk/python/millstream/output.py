"""What a handler publishes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from .columns import ColumnBuilder

# The longest delay that the contract can say: 49 days.
DELAY_MS_MAX = 2**32 - 1


@dataclass(slots=True)
class Output:
    """A message to publish: it appears only when the message being handled is settled."""

    payload: bytes | str
    key: str | None = None
    headers: Sequence[tuple[str, str]] = field(default=())
    # Where it goes instead of the subscription's `output`; one of its `routes`.
    topic: str | None = None
    # How long it stays invisible after the settle.
    delay: timedelta | None = None

    @classmethod
    def json(cls, value: Any, **parts: Any) -> "Output":
        """An output with `value` as JSON; `parts` are the other fields."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return cls(text, **parts)


def milliseconds(delay: timedelta) -> int:
    """As the contract counts it: whole milliseconds, rounded up, in 32 bits."""
    return min(max(-(-delay // timedelta(milliseconds=1)), 0), DELAY_MS_MAX)


class Outputs:
    """Messages to publish, as columns."""

    def __init__(self) -> None:
        self.topics, self.keys, self.payloads = ColumnBuilder(), ColumnBuilder(), ColumnBuilder()
        self.names, self.values = ColumnBuilder(), ColumnBuilder()
        self.header_starts = [0]
        self.delays_ms: list[int] = []

    def __len__(self) -> int:
        return len(self.payloads)

    def push(self, output: Output) -> None:
        if not isinstance(output, Output):
            raise TypeError(f"a handler returns Output, or an iterable of them, not {output!r}")
        payload = output.payload.encode() if isinstance(output.payload, str) else output.payload
        for name, value in output.headers:
            self.names.push(name.encode())
            self.values.push(value.encode())
        self.header_starts.append(len(self.names))
        self.topics.push((output.topic or "").encode())
        self.keys.push((output.key or "").encode())
        self.payloads.push(bytes(payload))
        self.delays_ms.append(milliseconds(output.delay) if output.delay else 0)

    def truncate(self, length: int) -> None:
        """Keeps the first `length` messages."""
        del self.header_starts[length + 1 :]
        for column in (self.names, self.values):
            column.truncate(self.header_starts[length])
        for column in (self.topics, self.keys, self.payloads):
            column.truncate(length)
        del self.delays_ms[length:]
