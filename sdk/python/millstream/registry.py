"""The one plugin of a component, once its module was imported."""

from typing import Any

_made: Any = None


def make(plugin: Any) -> None:
    global _made
    if _made is not None:
        raise RuntimeError("a plugin has one handler: this is the second")
    _made = plugin


def made() -> Any:
    if _made is None:
        raise RuntimeError("no function is decorated with @handler in plugin.py")
    return _made
