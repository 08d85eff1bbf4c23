"""Log records with fields. The host adds plugin, subscription and message by itself."""

import sys
from typing import Any

try:
    from wit_world.imports import logging as _host
except ImportError:
    # A plugin's own tests: there is no host, what is logged is shown on stderr.
    _host = None

_index: int | None = None


def _record(level: str, text: str, values: dict[str, Any]) -> None:
    pairs = [(name, str(value)) for name, value in values.items()]
    if _host is None:
        shown = "".join(f" {name}={value}" for name, value in pairs)
        print(f"{level} {text}{shown}", file=sys.stderr)
        return
    if _index is not None:
        # The host puts the message's id in its place.
        pairs.append(("millstream-index", str(_index)))
    _host.log(_host.Level[level], text, [_host.Field(name, value) for name, value in pairs])


def at(index: int | None) -> None:
    """From now on records are about message `index` of the batch; None: about none."""
    global _index
    _index = index


def trace(text: str, **fields: Any) -> None:
    """Every step."""
    _record("TRACE", text, fields)


def debug(text: str, **fields: Any) -> None:
    """What a developer wants while writing the plugin."""
    _record("DEBUG", text, fields)


def info(text: str, **fields: Any) -> None:
    """Normal events worth a line."""
    _record("INFO", text, fields)


def warn(text: str, **fields: Any) -> None:
    """Something an operator may want to look at."""
    _record("WARN", text, fields)


def error(text: str, **fields: Any) -> None:
    """Something an operator must look at."""
    _record("ERROR", text, fields)
