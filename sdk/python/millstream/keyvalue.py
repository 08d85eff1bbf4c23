"""State that outlives the instance, where the pipeline grants it: `grants: { keyvalue: true }`.

    with keyvalue.open() as store:
        seen = store.get(message.id)

The plugin is built for the world `keyvalue-batch-consumer`.
"""

from typing import Any

from .failure import KeyvalueError

try:
    import wit_world  # noqa: F401
except ImportError:
    # A plugin's own tests: there is no host.
    _host = None
else:
    try:
        from componentize_py_types import Err
        from wit_world.imports import store as _host
    except ImportError:
        raise ImportError(
            "`millstream.keyvalue` needs a plugin that imports `wasi:keyvalue`: let the `build` command of plugin.toml "
            "name the world `-w keyvalue-batch-consumer`"
        ) from None

__all__ = ["KeyvalueError", "Store", "open"]


class Store:
    """Values by their keys. What the store refuses is a KeyvalueError."""

    def __init__(self, bucket: Any) -> None:
        self._bucket = bucket

    def get(self, key: str) -> bytes | None:
        """The value of `key`, or None where there is none."""
        return _asked(self._bucket.get, key)

    def set(self, key: str, value: bytes | str) -> None:
        """Gives `key` a value, in the place of the one it has."""
        _asked(self._bucket.set, key, value.encode() if isinstance(value, str) else bytes(value))

    def delete(self, key: str) -> None:
        """Removes `key` and its value; nothing happens where there is none."""
        _asked(self._bucket.delete, key)

    def exists(self, key: str) -> bool:
        """Whether `key` has a value."""
        return _asked(self._bucket.exists, key)

    def close(self) -> None:
        """Gives the store back to the host. It must not be used after that; `with` does it."""
        self._bucket.__exit__(None, None, None)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def open(name: str = "default") -> Store:
    """The store of that name; KeyvalueError where there is none."""
    if _host is None:
        raise RuntimeError("there is no host that has a store: a test replaces `millstream.keyvalue.open`")
    return Store(_asked(_host.open, name))


def _asked(function: Any, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Err as error:
        raise KeyvalueError(_words(error.value)) from None


def _words(error: Any) -> str:
    if isinstance(error, _host.Error_Other):
        return error.value
    missing = isinstance(error, _host.Error_NoSuchStore)
    return "there is no such store" if missing else "the plugin may not use this store"
