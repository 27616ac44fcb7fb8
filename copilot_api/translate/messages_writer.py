"""Writes a conversation for /v1/messages: what its blocks look like."""

from collections.abc import Sequence

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, carrier, documents, images
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_history import MessagesHistory
from copilot_api.translate.writer import Called, Piece, Result, Said


class MessagesWriter:
    """A `Writer`. `history` is the conversation, with its system prompt."""

    def __init__(self, model: Model) -> None:
        self.history = MessagesHistory()
        self.takes_marks = True
        self._family = carrier.family(model)

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        return self.history.is_empty

    def text(self, text: str) -> Json:
        """A text block."""
        return {"type": "text", "text": text}

    def picture(self, holder: Fields, key: str) -> Json:
        """An image block."""
        return {"type": "image", "source": images.source_of(holder, key)}

    def document(self, document: Document) -> list[Json] | None:
        """A document block. Anthropic refuses blank text."""
        is_blank = document.text is not None and not document.text.strip()
        return [] if is_blank else [documents.for_messages(document)]

    def thought(self, text: str, sealed: object) -> Json:
        """The thinking block that the reasoning was made from. The text is exactly what is signed."""
        if data := carrier.unpack(sealed, origin="redacted", family=self._family):
            return {"type": "redacted_thinking", "data": data}
        if signature := carrier.unpack(sealed, origin="m", family=self._family):
            return {"type": "thinking", "thinking": text, "signature": signature}
        return {}

    def instruct(self, parts: Sequence[Json]) -> None:
        """Blocks of the system prompt, or reminders where they came."""
        for part in parts:
            self.history.instruct(part["text"], marked="cache_control" in part)

    def user(self, parts: Sequence[Json]) -> None:
        """Blocks of a user message."""
        self.history.user(parts)

    def result(self, result: Result) -> None:
        """A tool_result. A mark inside would be refused; one on the result itself is not."""
        plain, marked = caching.without_marks(result.parts)
        is_text = len(plain) == 1 and plain[0]["type"] == "text"
        content = {"content": plain[0]["text"] if is_text else plain} if plain else {}
        failed = {"is_error": True} if result.is_error else {}
        self.history.result(result.id, content | failed | caching.on_block(marked=marked or result.marked))

    def assistant(self, pieces: Sequence[Piece]) -> None:
        """Thinking first, then what was said with later thoughts in their places, then the calls."""
        spoken: list[Json] = []
        calls: list[Json] = []
        for piece in pieces:
            match piece:
                case Said(text=text):
                    spoken.append(self.text(text) | caching.on_block(marked=piece.marked))
                case Called():
                    calls.append(_tool_use(piece))
                case _:
                    spoken.append(piece.part)
        while spoken and not calls and spoken[-1]["type"] != "text":  # a thought may not have the last word
            spoken.pop()
        first = next((at for at, block in enumerate(spoken) if block["type"] != "text"), None)
        thought = {} if first is None else spoken.pop(first)
        self.history.assistant(spoken, calls, thought=thought)


def _tool_use(call: Called) -> Json:
    """What a model once wrote wrongly cannot be mended now; the result that follows tells more."""
    arguments = {"input": call.free_text} if call.free_text is not None else parse(call.arguments) or {}
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}
