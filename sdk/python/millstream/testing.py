"""What the host would do with a plugin, for its own tests."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from . import registry
from .columns import item


@dataclass
class Delivery:
    """A message to hand over."""

    payload: bytes | str
    key: str = ""
    headers: Sequence[tuple[str, str]] = ()
    attempt: int = 1


@dataclass
class Sent:
    """A message that the plugin published."""

    payload: bytes
    topic: str | None
    key: str | None
    headers: list[tuple[str, str]]
    delay_ms: int

    @property
    def text(self) -> str:
        return self.payload.decode()

    def json(self) -> Any:
        return json.loads(self.payload)


@dataclass
class Answered:
    """What became of one message: `outcome` is ok, retry or reject."""

    outcome: str
    reason: str
    retry_delay_ms: int
    outputs: list[Sent] = field(default_factory=list)


def deliver(messages: Sequence[Delivery | str | bytes], config: dict[str, Any] | None = None) -> list[Answered]:
    """Hands `messages` to the plugin whose module was imported, as one batch.

    Raises ValueError where it refuses `config`.
    """
    plugin = registry.made()
    plugin.configure(json.dumps(config or {}))
    given = [one if isinstance(one, Delivery) else Delivery(one) for one in messages]
    answer = plugin.answer(_batch(given))
    reasons = answer.reasons.build()
    return [
        Answered(
            outcome.lower(),
            _text(reasons, i),
            answer.retry_delays_ms[i],
            [_sent(answer.outputs, m) for m in range(answer.starts[i], answer.starts[i + 1])],
        )
        for i, outcome in enumerate(answer.outcomes)
    ]


def _batch(given: list[Delivery]) -> SimpleNamespace:
    headers = [header for one in given for header in one.headers]
    starts = [0]
    for one in given:
        starts.append(starts[-1] + len(one.headers))
    return SimpleNamespace(
        topic="test",
        ids=_column([f"message-{i}" for i in range(len(given))]),
        keys=_column([one.key for one in given]),
        headers=SimpleNamespace(
            starts=starts,
            names=_column([name.lower() for name, _ in headers]),
            values=_column([value for _, value in headers]),
        ),
        payloads=_column([one.payload for one in given]),
        publish_times_ms=[0] * len(given),
        attempts=[one.attempt for one in given],
    )


def _column(items: Sequence[str | bytes]) -> SimpleNamespace:
    data = [one.encode() if isinstance(one, str) else one for one in items]
    offsets = [0]
    for one in data:
        offsets.append(offsets[-1] + len(one))
    return SimpleNamespace(offsets=offsets, data=b"".join(data))


def _text(column: tuple[list[int], bytes], i: int) -> str:
    offsets, data = column
    return item(offsets, data, i).decode() if offsets else ""


def _sent(outputs: Any, m: int) -> Sent:
    names, values = outputs.names.build(), outputs.values.build()
    payloads = outputs.payloads.build()
    return Sent(
        item(*payloads, m) if payloads[0] else b"",
        _text(outputs.topics.build(), m) or None,
        _text(outputs.keys.build(), m) or None,
        [(_text(names, i), _text(values, i)) for i in range(outputs.header_starts[m], outputs.header_starts[m + 1])],
        outputs.delays_ms[m],
    )
