"""Writes a conversation for /chat/completions: what its parts look like, and what a chat message can hold of them."""

from collections.abc import Sequence

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, carrier, notes
from copilot_api.translate.chat_history import ChatHistory
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_answers import ToolAnswer
from copilot_api.translate.writer import Called, Piece, Result, Said

_ORIGINAL, _CLOSEST = "original", "high"


class ChatWriter:
    """A `Writer`. `history` is the conversation without its leading instructions."""

    def __init__(self, model: Model) -> None:
        self.history = ChatHistory(model)
        self._family = carrier.family(model)
        # Only Claude's prompt cache needs marks; for other models a mark stays behind as a loss.
        self.takes_marks = model.is_claude
        # Claude's backends refuse blank text, OpenAI's take it.
        self._no_output = notes.NO_OUTPUT if model.is_claude else ""
        self._leading: list[Json] = []
        self._thought: Json = {}  # of the answer being read

    @property
    def is_empty(self) -> bool:
        """Whether nobody has said anything yet."""
        return self.history.is_empty

    def text(self, text: str) -> Json:
        """A text part."""
        return {"type": "text", "text": text}

    def picture(self, holder: Fields, key: str) -> Json:
        """An image part. Chat does not know the `detail` that Responses calls original."""
        url, detail = holder.required_text(key), holder.text("detail")
        if detail == _ORIGINAL:
            holder.lose("detail")
            detail = _CLOSEST
        return {"type": "image_url", "image_url": {"url": url} | ({"detail": detail} if detail else {})}

    def document(self, document: Document) -> list[Json] | None:
        """Text is read, PDF is not: Copilot's chat is not known to take it."""
        if document.text is None:
            return None
        return [self.text(document.words)] if document.words.strip() else []

    def thought(self, text: str, sealed: object) -> Json:
        """The reasoning fields of a message. There is room for one thought; only its seal may come apart from it.

        Copilot may seal a thought after its text is over; the seal then came to the client as a block of its own.
        """
        opaque = carrier.unpack(sealed, origin="c", family=self._family)
        found = ({"reasoning_text": text} if text else {}) | ({"reasoning_opaque": opaque} if opaque else {})
        is_late_seal = "reasoning_text" not in found and "reasoning_opaque" not in self._thought
        if opaque is None or (self._thought and not is_late_seal):
            return {}
        self._thought |= found
        return found

    def instruct(self, parts: Sequence[Json]) -> None:
        """The system message, or an instruction in mid-conversation."""
        if self.is_empty:
            self._leading.extend(parts)
        else:
            text, marked = _joined(parts)
            self.history.instruct(text, marked=marked)

    def user(self, parts: Sequence[Json]) -> None:
        """A user message, which bears the marks of its parts."""
        plain, marked = caching.without_marks(parts)
        self.history.user(plain, marked=marked)

    def result(self, result: Result) -> None:
        """A tool message: text only."""
        self.history.user([], answers=[ToolAnswer.of(result, blank=self._no_output)])

    def assistant(self, pieces: Sequence[Piece]) -> None:
        """An assistant message: one text, then the calls, whatever their order was."""
        text = ""
        calls: list[Json] = []
        for piece in pieces:
            match piece:
                case Said():
                    text += f"\n\n{piece.text}" if piece.apart and text else piece.text
                case Called():
                    calls.append(_call(piece))
                case _:
                    pass  # a thought, kept since it was read
        thought, self._thought = self._thought, {}
        marked = any(isinstance(piece, Said | Called) and piece.marked for piece in pieces)
        self.history.assistant(text, calls, thought=thought, marked=marked)

    def messages(self, instruction: str = "") -> list[Json]:
        """The whole conversation; `instruction` ends the system message. To be asked for once."""
        messages = self.history.messages()
        text, marked = _joined([*self._leading, *([self.text(instruction)] if instruction else [])])
        return [{"role": "system", "content": text} | caching.on_message(marked=marked), *messages] if text else messages


def _joined(parts: Sequence[Json]) -> tuple[str, bool]:
    """What text parts say, and whether one is marked."""
    plain, marked = caching.without_marks(parts)
    return "\n\n".join(part["text"] for part in plain), marked


def _call(call: Called) -> Json:
    if call.free_text is not None:
        arguments = dumps_text({"input": call.free_text})
    else:
        arguments = call.arguments if call.arguments.strip() else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
