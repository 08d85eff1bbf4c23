"""Reading plain values into dataclasses: what is missing or of another type is told by its name."""

import types
import typing
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")

NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}


def read(value: Any, shape: type[T], *, closed: bool = False) -> T:
    """`value`, a dict, as `shape`; `closed` refuses fields that `shape` lacks.

    Raises ValueError with the field's name.
    """
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, found {describe(value)}")
    known = parts(shape)
    unknown = [name for name in value if name not in known] if closed else []
    if unknown:
        names = ", ".join(f"`{name}`" for name in known) or "none"
        raise ValueError(f"unknown setting `{unknown[0]}`, there is {names}")
    return shape(**{name: part(name, value[name], kind) for name, (kind, _) in known.items() if is_given(name, value, known)})


def is_given(name: str, value: dict[str, Any], known: dict[str, Any]) -> bool:
    if name in value:
        return True
    if known[name][1]:
        raise ValueError(f"missing field `{name}`")
    return False


@lru_cache(maxsize=64)
def parts(shape: type) -> dict[str, tuple[Any, bool]]:
    """For each field its type, and whether it must be there."""
    hints = typing.get_type_hints(shape)
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING)
        for one in fields(shape)
    }


def part(name: str, value: Any, kind: Any) -> Any:
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    for option in options:
        if fits(value, option):
            return value
    expected = " or ".join("null" if one is types.NoneType else NAMES.get(one, str(one)) for one in options)
    raise ValueError(f"{name}: expected {expected}, found {describe(value)}")


def fits(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float))
    return isinstance(value, typing.get_origin(kind) or kind)


def describe(value: Any) -> str:
    if value is None:
        return "null"
    return f"{NAMES.get(type(value), type(value).__name__)}"
