"""How Gemini's clients write a request: the address says half of it, and fields come in two spellings.

Google's servers read camelCase and snake_case alike, and one object where a list of them belongs; its documentation shows all
of these. What is free text or the client's own, like tool arguments and schemas, keeps its letters. Source: client-apis.md §7.
"""

import re
from typing import Any, Literal

from copilot_api.dialects.codec import Json

Alt = Literal["sse", "json"]
"""How a stream is framed: as events, or (Google's default) as one growing JSON array."""

_FREE = frozenset(
    {
        "args",
        "labels",
        "parameters",
        "parametersJsonSchema",
        "partMetadata",
        "response",
        "responseJsonSchema",
        "responseSchema",
    }
)
_LISTS = frozenset({"contents", "parts", "tools", "functionDeclarations"})
_UNDERSCORE = re.compile(r"_([a-z])")
_DEEPEST = 40  # where Google's own fields end long before; the client's data is not looked into


def addressed(body: Json, *, model: str, stream: bool, alt: Alt) -> Json:
    """The whole request as one object in one spelling: `body`, and the `model`, `stream` and `alt` of its address.

    Every other function of this dialect, and every translation of it, takes what this one gives.
    """
    spelled: Json = _spelled(body, 0)
    return spelled | {"model": model.removeprefix("models/"), "stream": stream, "alt": alt}


def camel(name: str) -> str:
    """`name` in camelCase."""
    return _UNDERSCORE.sub(lambda found: found[1].upper(), name)


def _spelled(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return value
    if isinstance(value, list):
        return [_spelled(item, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    spelled: Json = {}
    for name, inner in value.items():
        own = camel(name)
        listed = [inner] if own in _LISTS and isinstance(inner, dict) else inner
        # Sent in both spellings, the first one counts.
        spelled.setdefault(own, listed if own in _FREE else _spelled(listed, depth + 1))
    return spelled
