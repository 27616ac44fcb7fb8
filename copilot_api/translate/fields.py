"""The client's JSON, emptied field by field: what was taken is carried, what nobody took is the loss."""

import re
from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake

# Keys are the client's: only what looks like a field name may reach a log line or a header.
_FIELD_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Fields:
    """One object of a request. Each field is taken once, with the type it must have; a wrong type is the client's mistake.

    `path` is where the object stands ("messages.0.content.2"), for messages to the client. Objects taken from this one
    report what is left in them to it, so that `losses` of the outermost object is the loss of the whole request.
    """

    __slots__ = ("_inner", "_left", "_lost", "path")

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise ClientMistake(f"{path}: must be an object", code="invalid_type", param=path)
        self.path = path
        self._left: Json = dict(value)
        self._inner: list[Fields] = []
        self._lost: list[str] = []

    def __contains__(self, key: str) -> bool:
        """Whether there is anything but null at `key`."""
        return self._left.get(key) is not None

    def names(self) -> list[str]:
        """What is left in here, in the client's order."""
        return [key for key, value in self._left.items() if value is not None]

    def at(self, key: str | int) -> str:
        """The path of `key`."""
        return f"{self.path}.{key}" if self.path else str(key)

    def peek(self, key: str) -> Any:
        """What stands at `key`, without taking it."""
        return self._left.get(key)

    def take(self, key: str) -> Any:
        """Whatever stands at `key`; None for nothing."""
        return self._left.pop(key, None)

    def text(self, key: str) -> str:
        """The text at `key`; "" for nothing."""
        value = self.take(key)
        if value is not None and not isinstance(value, str):
            raise self.mistake(key, "must be a text", code="invalid_type")
        return value or ""

    def required_text(self, key: str) -> str:
        """The text at `key`, which may not be empty."""
        value = self.text(key)
        if not value:
            raise self.mistake(key, "is required", code="missing_required_parameter")
        return value

    def number(self, key: str) -> int | float | None:
        """The number at `key`."""
        value = self.take(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self.mistake(key, "must be a number", code="invalid_type")
        return value

    def whole(self, key: str) -> int | None:
        """The whole number at `key`, also when it is written as 8.0."""
        value = self.number(key)
        if isinstance(value, float) and not value.is_integer():
            raise self.mistake(key, "must be a whole number", code="invalid_type")
        return None if value is None else int(value)

    def flag(self, key: str) -> bool | None:
        """The true or false at `key`."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            raise self.mistake(key, "must be true or false", code="invalid_type")
        return value

    def items(self, key: str) -> list[Any]:
        """The list at `key`; an empty one for nothing."""
        value = self.take(key)
        if value is not None and not isinstance(value, list):
            raise self.mistake(key, "must be a list", code="invalid_type")
        return value or []

    def object(self, key: str) -> "Fields":
        """The object at `key`; one without fields for nothing."""
        value = self.take(key)
        return self._include(Fields({} if value is None else value, self.at(key)))

    def objects(self, key: str) -> list["Fields"]:
        """The list of objects at `key`."""
        at = self.at(key)
        return [self._include(Fields(item, f"{at}.{number}")) for number, item in enumerate(self.items(key))]

    def blocks(self, key: str) -> list["Fields"]:
        """The content at `key`: a list of typed objects, or a text, which stands for a list with one text block."""
        if isinstance(value := self.peek(key), str):
            self.take(key)
            return [Fields({"type": "text", "text": value}, self.at(key))]
        return self.objects(key)

    def lose(self, name: str) -> None:
        """Says that `name` could not be carried, or not as it was."""
        self._lost.append(name)

    def drop(self, name: str) -> None:
        """Says that this object as a whole could not be carried; `name` tells what it was."""
        self._left.clear()
        self._inner.clear()
        self._lost = [name]

    def losses(self) -> Iterator[str]:
        """Dotted names, without positions, of all that was not taken here or further in."""
        for key, value in self._left.items():
            if not _says_nothing(value):
                yield _name(self.at(key))
        for lost in self._lost:
            yield _name(self.at(lost))
        for inner in self._inner:
            yield from inner.losses()

    def mistake(self, key: str | int, what: str, *, code: str = "invalid_value") -> ClientMistake:
        """The error to raise about the field at `key`."""
        at = self.at(key)
        return ClientMistake(f"{at}: {what}", code=code, param=at)

    def _include(self, inner: "Fields") -> "Fields":
        self._inner.append(inner)
        return inner


def _says_nothing(value: Any) -> bool:
    """Null, false and empty are what every optional field means when it is left out. Zero is a choice."""
    return value is None or value is False or value in ("", [], {})


def _name(path: str) -> str:
    name = ".".join(part for part in path.split(".") if not part.isdigit())
    return name if _FIELD_NAME.fullmatch(name) else "unnamed"
