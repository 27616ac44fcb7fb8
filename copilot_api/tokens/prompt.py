"""A prompt as the counting rules see it: what will be counted, whichever dialect it came in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from copilot_api.dialects.codec import Json, dumps_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture. `data` is base64, empty when it is not at hand (a URL, a file id)."""

    data: str = field(default="", repr=False)
    detail: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file. `base64_chars` is 0 when it is not at hand; `note` is what a chat model gets in its place, if it gets a note."""

    base64_chars: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call in the history, with its arguments as JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A message, as a chat model would get it: a tool's result is a turn of its own.

    `labels` are the short texts a chat message carries beside its content (tool_call_id, name); `only_claude` texts and
    `opaque_chars` (base64) are carried by the Messages dialect alone, `sealed_chars` (base64) of encrypted reasoning by the
    Responses dialect. `continues` says that the turn is part of the same message as the one before it.
    """

    role: str
    labels: tuple[str, ...] = ()
    has_name: bool = False
    texts: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    documents: tuple[Document, ...] = ()
    calls: tuple[Call, ...] = ()
    only_claude: tuple[str, ...] = ()
    opaque_chars: int = 0
    sealed_chars: int = 0
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool. `definition` holds name, description and input_schema; `builtin` is the type of one that Anthropic defines.

    Claude does not see a deferred tool until it has searched for it; a chat model is sent all of them.
    """

    definition: Json
    builtin: str = ""
    is_deferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """All of it. `answer_schema` is the JSON schema the answer must follow, None if it is free."""

    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    must_use_tool: bool = False
    answer_schema: Any = None


def compact(value: Any) -> str:
    """`value` as compact JSON; the texts in it where it cannot be written as JSON. Never raises."""
    try:
        return dumps_text(value)
    except (TypeError, ValueError, RecursionError):
        return " ".join(text for text, _ in strings(value))


def strings(value: Any) -> Iterator[tuple[str, str]]:
    """Every text in `value`, however deep, with the key it stands under (that of the list, for items of a list)."""
    waiting = [(value, "")]
    while waiting:
        here, under = waiting.pop()
        if isinstance(here, str):
            yield here, under
        elif isinstance(here, dict):
            waiting.extend((item, str(name)) for name, item in here.items())
        elif isinstance(here, list | tuple):
            waiting.extend((item, under) for item in here)
