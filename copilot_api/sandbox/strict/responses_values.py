"""Single values in a request to /responses, and the words in which a wrong one is refused.

Source: copilot-upstream.md §4.2. Copilot hands OpenAI's texts on under a code of its own, `invalid_request_body`.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.replies import Refusal

_NAMES = {str: "a string", dict: "an object", list: "an array", bool: "a boolean", int: "an integer", float: "a decimal"}


def required(owner: Json, name: str, path: str, kind: type) -> Any:
    """The value of a field that must be there. Raises Refusal."""
    value = owner.get(name)
    if value is None:
        raise Refusal(f"Missing required parameter: '{path}'.")
    return _typed(value, path, kind)


def optional_text(owner: Json, name: str, path: str) -> str | None:
    """The value of a field that is a text where it is there at all. Raises Refusal."""
    value: str | None = owner.get(name)
    return None if value is None else _typed(value, path, str)


def flag(owner: Json, name: str, path: str) -> bool:
    """True, or not. Raises Refusal."""
    return owner.get(name) is not None and bool(_typed(owner[name], path, bool))


def whole_number(owner: Json, name: str) -> int | None:
    """An integer, or None where the field is absent. Raises Refusal."""
    value = owner.get(name)
    if isinstance(value, bool):
        raise _wrong_type(value, name, int)
    return None if value is None else int(_typed(value, name, int))


def one_of(owner: Json, name: str, path: str, known: Collection[str]) -> None:
    """Raises Refusal unless the field is absent or one of the known words."""
    value = owner.get(name)
    if value is None or (isinstance(value, str) and value in known):
        return
    listed = ", ".join(f"'{word}'" for word in known)
    raise Refusal(f"Invalid value: '{value}'. Supported values are: {listed}.", param=path)


def refuse_unknown(owner: Json, known: AbstractSet[str], prefix: str) -> None:
    """Raises Refusal for a field that nobody knows there."""
    for name in owner:
        if name not in known:
            raise Refusal(f"Unknown parameter: '{prefix}{name}'.")


def short_text(owner: Json, name: str, path: str, most: int) -> str:
    """A text that must be there and may not be longer. Raises Refusal."""
    text: str = required(owner, name, path, str)
    if len(text) > most:
        raise Refusal(
            f"Invalid '{path}': string too long. Expected a string with maximum length {most}, "
            f"but got a string with length {len(text)} instead."
        )
    return text


def _typed(value: Any, path: str, kind: type) -> Any:
    if not isinstance(value, kind):
        raise _wrong_type(value, path, kind)
    return value


def _wrong_type(value: Any, path: str, kind: type) -> Refusal:
    got = _NAMES.get(type(value), "null")
    return Refusal(f"Invalid type for '{path}': expected {_NAMES[kind]}, but got {got} instead.")
