"""Between reading a conversation in one dialect and writing it in another: what a reader asks of any writer.

There is a reader for each client dialect (`messages_turns`, `chat_turns`, `responses_turns`) and a writer for each endpoint
(`chat_writer`, `messages_writer`, `responses_writer`). Parts are in the writer's dialect from the moment they are made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from copilot_api.dialects.codec import Json
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Words of the assistant. `apart`: they begin a message of their own. `refuses`: they say no."""

    text: str
    apart: bool = False
    refuses: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A tool call of the assistant: the client's `id`, the `name` to send, and `arguments`, JSON exactly as somebody wrote it.

    A call of a tool that takes free text has `free_text` instead.
    """

    id: str
    name: str
    arguments: str = ""
    free_text: str | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """Reasoning of the assistant, in the writer's dialect."""

    part: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a tool answered to the call that the client knows by `id`."""

    id: str
    parts: Sequence[Json]
    is_error: bool = False
    marked: bool = False


Piece: TypeAlias = Said | Called | Thought


class Writer(Protocol):
    """Writes a conversation down, turn by turn. What the client marked for its prompt cache carries `cache_control`."""

    @property
    def takes_marks(self) -> bool:
        """Whether the endpoint's prompt cache needs marks."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        ...

    def text(self, text: str) -> Json:
        """A part that says `text`."""
        ...

    def picture(self, holder: Fields, key: str) -> Json:
        """A part for the picture whose URL stands at `key` of `holder`; takes the URL, and `detail` where it can say it."""
        ...

    def document(self, document: Document) -> list[Json] | None:
        """The part for a document, no part for a blank one; None where the model would not get to see it."""
        ...

    def thought(self, text: str, sealed: object) -> Json:
        """The reasoning in a carrier, with the `text` shown for it; {} for what this model, or the next answer, cannot take."""
        ...

    def instruct(self, parts: Sequence[Json]) -> None:
        """Instructions, in text parts; before anybody has spoken they are part of the system prompt."""
        ...

    def user(self, parts: Sequence[Json]) -> None:
        """The user says `parts`. Nothing at all is no turn."""
        ...

    def result(self, result: Result) -> None:
        """A tool answers a call."""
        ...

    def assistant(self, pieces: Sequence[Piece]) -> None:
        """The assistant answers. A thought alone is no answer."""
        ...
