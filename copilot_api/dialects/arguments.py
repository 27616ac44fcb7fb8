"""Tool arguments: JSON that a model wrote, piece by piece, and not always well."""

import json
import re

from copilot_api.dialects.codec import Json, loads_text

_STRUCTURE = re.compile(r'["{}\[\]]')
_STRING_END = re.compile(r'["\\]')

# A model that has lost its way writes blanks for ever; real arguments hold no such run outside what is worth waiting for.
BLANK_RUN_LIMIT = 2000


class Scanner:
    """Reads arguments as they stream and knows when the object is complete, without parsing it again and again."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._blanks = 0
        self.is_complete = False

    @property
    def is_runaway(self) -> bool:
        """Whether the model writes nothing but blanks any more."""
        return self._blanks > BLANK_RUN_LIMIT

    def feed(self, piece: str) -> None:
        """Takes the next piece."""
        stripped = piece.rstrip()
        trailing = len(piece) - len(stripped)
        self._blanks = trailing if stripped else self._blanks + trailing
        at = 0
        while at < len(piece):
            at = self._through_string(piece, at) if self._in_string else self._through_structure(piece, at)

    def _through_string(self, piece: str, at: int) -> int:
        if self._escaped:
            self._escaped = False
            return at + 1
        found = _STRING_END.search(piece, at)
        if found is None:
            return len(piece)
        if found[0] == "\\":
            self._escaped = True
        else:
            self._in_string = False
        return found.end()

    def _through_structure(self, piece: str, at: int) -> int:
        found = _STRUCTURE.search(piece, at)
        if found is None:
            return len(piece)
        match found[0]:
            case '"':
                self._in_string = True
            case "{" | "[":
                self._depth += 1
            case _:
                self._depth -= 1
                self.is_complete = self.is_complete or self._depth <= 0
        return found.end()


def parse(text: str) -> Json | None:
    """Arguments as an object: {} for blank text, None for what no mending makes an object.

    Models sometimes write the object twice, or its tail again; the first whole object counts when the rest only repeats it.
    """
    text = text.strip()
    if not text:
        return {}
    try:
        value = loads_text(text)
    except (ValueError, RecursionError):
        value = _first_object(text)
    return value if isinstance(value, dict) else None


def _first_object(text: str) -> Json | None:
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    first, rest = text[:end], text[end:].strip()
    while rest.startswith(first):
        rest = rest.removeprefix(first).strip()
    return value if isinstance(value, dict) and (first.startswith(rest) or first.endswith(rest)) else None
