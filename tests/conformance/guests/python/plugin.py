"""Does what a message's header `do` says: the guest of tests/conformance in Python."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import xor
from typing import Any

from millstream import Message, Output, Reject, Retry, handler, log


@dataclass
class Settings:
    refuse: str = ""
    text: str = "unset"
    number: float = 0
    truth: bool = False
    list: "list[Any]" = field(default_factory=list)
    object: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.refuse:
            raise ValueError(self.refuse)


@handler(config=Settings)
def obey(settings: Settings, message: Message) -> Output | Iterable[Output] | None:
    command = message.header("do")
    if command == "config":
        return Output(setting(settings, message.header("name")))
    if command not in COMMANDS:
        raise Reject(f"unknown: {command}")
    return COMMANDS[command](message)


def echo(message: Message) -> Output:
    headers = [(name, value) for name, value in message.headers if name != "do"]
    return Output(message.payload, key=message.key, headers=headers)


def describe(message: Message) -> Output:
    payload, key = message.payload, message.key
    return Output(
        f"key={key.encode().hex() if key else 'none'} headers={len(message.headers)} topic={message.topic}"
        f" attempt={message.attempt} bytes={len(payload)} xor={reduce(xor, payload, 0):02x}"
    )


def headers(message: Message) -> Output:
    return Output("", headers=[(f"h-{i}", str(i)) for i in range(number(message, "n"))])


def write_record(message: Message) -> None:
    getattr(log, message.header("level"))(message.text(), color="blue")


def reject(message: Message) -> None:
    raise Reject(why(message))


def retry(message: Message) -> None:
    raise Retry(why(message), after=millis(message) if message.header("ms") else None)


def retry_before(message: Message) -> Output:
    if message.attempt < number(message, "n"):
        raise Retry(why(message), after=timedelta())
    return Output(str(message.attempt))


def emit_then(failure: type[Exception]) -> Callable[[Message], Iterable[Output]]:
    def emit(message: Message) -> Iterable[Output]:
        yield Output("dropped", key="dropped", headers=[("dropped", "yes")])
        raise failure(why(message))

    return emit


def trap(message: Message) -> None:
    raise RuntimeError(why(message))


def why(message: Message) -> str:
    """The header of that name, or the payload where there is none."""
    reason = message.header("why")
    return message.text() if reason is None else reason


def number(message: Message, name: str) -> int:
    return int(message.header(name))


def millis(message: Message) -> timedelta:
    return timedelta(milliseconds=number(message, "ms"))


def setting(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value if isinstance(value, str) else json.dumps(value)


COMMANDS: dict[str | None, Callable[[Message], Output | Iterable[Output] | None]] = {
    "nothing": lambda message: None,
    "echo": echo,
    "forward": lambda message: message.forward(),
    "describe": describe,
    "id": lambda message: Output(message.id),
    "time": lambda message: Output(str(message.publish_time_ms)),
    "emit": lambda message: (Output(str(i)) for i in range(number(message, "n"))),
    "route": lambda message: Output(message.payload, topic=message.header("to")),
    "delay": lambda message: Output(message.payload, delay=millis(message)),
    "key": lambda message: Output(message.payload, key=message.header("key")),
    "headers": headers,
    "log": write_record,
    "reject": reject,
    "retry": retry,
    "retry before": retry_before,
    "emit then reject": emit_then(Reject),
    "emit then retry": emit_then(Retry),
    "trap": trap,
}
