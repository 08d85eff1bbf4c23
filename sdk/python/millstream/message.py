"""One delivery of one message."""

import json
from typing import Any, TypeVar, overload

from .columns import item
from .failure import Reject
from .output import Output
from .shape import read

T = TypeVar("T")


class Message:
    """One delivery of one message: a view into the batch that the host sent."""

    __slots__ = ("_batch", "_index")

    def __init__(self, batch: Any, index: int) -> None:
        self._batch = batch
        self._index = index

    @property
    def payload(self) -> bytes:
        """The body, uninterpreted. May be empty."""
        column = self._batch.payloads
        return item(column.offsets, column.data, self._index)

    def text(self) -> str:
        """The body as text; rejects the message where it is not UTF-8."""
        try:
            return self.payload.decode()
        except UnicodeDecodeError as error:
            raise Reject(f"not UTF-8 text from byte {error.start} on") from None

    @overload
    def json(self) -> Any: ...
    @overload
    def json(self, shape: type[T]) -> T: ...
    def json(self, shape: type | None = None) -> Any:
        """The body as JSON, read into the dataclass `shape` if one is given.

        Rejects the message where it is none or does not fit; fields that `shape` lacks are left out.
        """
        try:
            value = json.loads(self.payload.decode())
        except UnicodeDecodeError as error:
            raise Reject(f"malformed JSON: not UTF-8 from byte {error.start} on") from None
        except ValueError as error:
            raise Reject(f"malformed JSON: {error}") from None
        if shape is None:
            return value
        try:
            return read(value, shape)
        except ValueError as error:
            raise Reject(f"unexpected JSON: {error}") from None

    @property
    def id(self) -> str:
        """Opaque, unique within the topic, the same in every delivery: an idempotency key."""
        column = self._batch.ids
        return item(column.offsets, column.data, self._index).decode()

    @property
    def topic(self) -> str:
        """The topic the message was taken from."""
        return self._batch.topic

    @property
    def key(self) -> str | None:
        """Messages of one key are ordered when the subscription says `ordering: key`."""
        column = self._batch.keys
        return item(column.offsets, column.data, self._index).decode() or None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """In the order the producer set them; names are lower case and may repeat."""
        columns = self._batch.headers
        names, values = columns.names, columns.values
        return [
            (
                item(names.offsets, names.data, i).decode(),
                item(values.offsets, values.data, i).decode(),
            )
            for i in range(columns.starts[self._index], columns.starts[self._index + 1])
        ]

    def header(self, name: str) -> str | None:
        """The value of the first header called `name`, without regard to case."""
        return next((value for found, value in self.headers if found == name.lower()), None)

    @property
    def publish_time_ms(self) -> int:
        """When the topic accepted the message: milliseconds since the Unix epoch."""
        return self._batch.publish_times_ms[self._index]

    @property
    def attempt(self) -> int:
        """Which try this is: 1 plus the failures so far."""
        return self._batch.attempts[self._index]

    def forward(self) -> Output:
        """The message as an output: payload, key and headers as they came."""
        return Output(self.payload, key=self.key, headers=self.headers)
