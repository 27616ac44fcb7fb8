"""Decisions made by a string of bytes, so that whoever changes the bytes changes what is done, little by little."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

WORDS = (
    "",
    " ",
    "type",
    "text",
    "role",
    "user",
    "assistant",
    "system",
    "developer",
    "tool",
    "function",
    "custom",
    "auto",
    "none",
    "any",
    "object",
    "array",
    "string",
    "thinking",
    "tool_use",
    "tool_result",
    "input_text",
    "output_text",
    "reasoning",
    "function_call",
    "function_call_output",
    "compaction",
    "item_reference",
    "additional_tools",
    "web_search",
    "namespace",
    "message",
    "image",
    "image_url",
    "document",
    "stop",
    "length",
    "end_turn",
    "error",
    "data:image/png;base64,iVBORw0KGgo=",
    "data:;base64,",
    "{}",
    "{",
    "[]",
    '{"a":1}',
    "null",
    "call_1",
    "\x00",
    "\u2028",
    "\ufffd",
    "é漢👋",
    "x" * 300,
    "$ref",
    "#/$defs/a",
    "__proto__",
    "gpt-4.1",
    "claude-opus-5",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**70),
    1.5,
    -0.0,
    1e308,
    5e-324,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": None},
    {"type": "text"},
    {"type": "text", "text": ""},
    {"type": "text", "text": None},
    {"type": None},
    {"role": "user", "content": "x"},
    {"$ref": "#"},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"$ref": "#/$defs/a"}}},
)


class Dice:
    """Throws what the bytes say; when there are none left, always the least."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def rest(self) -> bytes:
        """What was not used."""
        return self._data[self._at :]

    def below(self, limit: int) -> int:
        """A number from 0 to `limit`, without that."""
        size = 1 if limit <= 256 else 2
        piece = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(piece, "big") % limit if limit > 0 else 0

    def pick(self, choices: Sequence[T]) -> T:
        """One of them."""
        return choices[self.below(len(choices))]

    def cut(self, data: bytes) -> list[bytes]:
        """`data` as a network might bring it."""
        pieces = []
        while data:
            size = self.pick((len(data), 1, 2, 3, 7, 64, 1 + self.below(4096)))
            pieces.append(data[:size])
            data = data[size:]
            if len(pieces) > 64:
                return [*pieces, data]
        return pieces

    def bent(self, value: Any) -> Any:
        """`value` with a few of its places replaced, left out, doubled, exchanged or nested."""
        value = copy.deepcopy(value)
        for _ in range(self.below(5)):
            self._bend(value)
        return value

    def _bend(self, value: Any) -> None:
        places = list(_places(value))
        if not places:
            return
        holder, key = places[self.below(len(places))]
        match self.below(8):
            case 0:
                holder[key] = copy.deepcopy(self.pick(ODD))
            case 1:
                holder[key] = self.pick(WORDS)
            case 2:
                del holder[key]
            case 3 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case 3:
                holder[self.pick(WORDS)] = copy.deepcopy(holder[key])
            case 4:
                other, name = places[self.below(len(places))]
                holder[key] = copy.deepcopy(other[name])
            case 5:
                holder[key] = [holder[key]]
            case 6:
                for _ in range(self.pick((1, 3, 40, 400))):
                    holder[key] = {self.pick(("items", "properties", "a")): holder[key]}
            case _ if isinstance(holder[key], str):
                at = self.below(len(holder[key]) + 1)
                holder[key] = holder[key][:at] + self.pick(WORDS) + holder[key][at:]
            case _:
                holder[key] = str(holder[key])[:200]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value that holds something, by its holder and its name there."""
    queue = [value]
    count = 0
    while queue and count < 4000:
        holder = queue.pop()
        items = list(holder.items()) if isinstance(holder, dict) else list(enumerate(holder))
        for key, inner in items:
            count += 1
            yield holder, key
            if isinstance(inner, dict | list):
                queue.append(inner)
