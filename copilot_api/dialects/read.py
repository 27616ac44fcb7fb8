"""Reading JSON that somebody else wrote: each helper gives the type asked for, whatever stands there."""

from typing import Any

from copilot_api.dialects.codec import Json

_MOST = 2**53


def obj(value: Any) -> Json:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objs(value: Any) -> list[Json]:
    """The objects in `value` if it is a list, else none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def strings(value: Any) -> list[str]:
    """The texts in `value` if it is a list, else none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def string(value: Any) -> str:
    """`value` if it is a text, else ""."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """`value` as a whole number if it is a number, else 0."""
    return value if type(value) is int else whole_or_none(value) or 0


def amount(value: Any) -> int:
    """`value` as a number of things: never below 0, and never so large that it cannot be added up and kept."""
    return min(max(number(value), 0), _MOST)


def whole_or_none(value: Any) -> int | None:
    """`value` as a whole number if it is a number, else None."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
