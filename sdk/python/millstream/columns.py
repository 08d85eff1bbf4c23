"""Columns as the contract has them: items one after another, with offsets beside."""

from collections.abc import Sequence


class ColumnBuilder:
    """Collects items into a column."""

    def __init__(self) -> None:
        self._items: list[bytes] = []

    def __len__(self) -> int:
        return len(self._items)

    def push(self, item: bytes) -> None:
        self._items.append(item)

    def truncate(self, length: int) -> None:
        del self._items[length:]

    def build(self) -> tuple[list[int], bytes]:
        data = b"".join(self._items)
        if not data:
            # Both lists empty stand for any number of empty items.
            return [], b""
        offsets = [0] * (len(self._items) + 1)
        at = 0
        for i, item in enumerate(self._items, start=1):
            at += len(item)
            offsets[i] = at
        return offsets, data


def item(offsets: Sequence[int], data: bytes, i: int) -> bytes:
    return data[offsets[i] : offsets[i + 1]]
