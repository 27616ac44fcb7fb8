"""The conversation of a Chat Completions request, read message by message.

Rules: translation.md §1.2 to §1.5 (tables), §4 (reasoning).
"""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.errors import ClientMistake
from copilot_api.translate import caching, documents
from copilot_api.translate.document_parts import DocumentParts
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_names import Names
from copilot_api.translate.writer import Called, Piece, Result, Said, Thought, Writer

# Which parts a message of each role may hold.
_TEXT = frozenset({"text"})
_ANSWER = frozenset({"text", "refusal"})
_INPUT = frozenset({"text", "image_url", "file"})

# What the OpenAI SDK's stream helpers leave in the calls that they build; it says nothing new.
_LEFTOVERS = ("index", "parsed_arguments")


class TurnReader:
    """Reads messages to a writer."""

    def __init__(self, model: Model, names: Names, writer: Writer) -> None:
        self._names = names
        self._writer = writer
        self._documents = DocumentParts(model, writer)
        self._legacy_ids: dict[str, str] = {}
        self._legacy_calls = 0

    def read(self, messages: list[Fields]) -> None:
        """Reads all of a request's messages. Raises ClientMistake for content that cannot be carried, and for none at all."""
        speakers = {str(message.peek("name")) for message in messages if message.peek("role") == "user" and "name" in message}
        for number, message in enumerate(messages):
            match role := message.text("role"):
                case "system" | "developer":
                    for part in self._parts(message, _TEXT):
                        self._writer.instruct([part])
                case "user":
                    speaker = message.text("name") if len(speakers) > 1 else ""
                    self._user(message, speaker, is_newest=number == len(messages) - 1)
                case "assistant":
                    self._assistant(message)
                case "tool":
                    message.take("name")  # known from the call
                    self._result(message, message.required_text("tool_call_id"))
                case "function":
                    name = message.required_text("name")
                    self._result(message, self._legacy_ids.get(name, name))
                case _:
                    raise message.mistake("role", f"{role[:40]!r} is not a role")
        if self._writer.is_empty:
            raise ClientMistake("messages: at least one user message with content is required", param="messages")

    def _user(self, message: Fields, speaker: str, *, is_newest: bool) -> None:
        parts = self._parts(message, _INPUT)
        if is_newest:
            self._documents.check(parts, message.at("content"))
        self._writer.user(self._spoken_by(speaker, parts))

    def _result(self, message: Fields, id_: str) -> None:
        self._writer.result(Result(id=id_, parts=self._parts(message, _INPUT)))

    def _assistant(self, message: Fields) -> None:
        pieces: list[Piece] = self._thought(message)
        pieces += [_said(part) for part in self._parts(message, _ANSWER)]
        refusal = message.text("refusal")
        if refusal.strip() and any(isinstance(piece, Said) for piece in pieces):
            message.lose("refusal")
        elif refusal.strip():
            pieces.append(Said(text=refusal, refuses=True))
        pieces += [self._call(call) for call in message.objects("tool_calls")]
        if "function_call" in message:
            pieces.append(self._legacy_call(message.object("function_call")))
        self._writer.assistant(pieces)

    def _thought(self, message: Fields) -> list[Piece]:
        """The message's reasoning, if this model can read what seals it. `reasoning_text` holds exactly what is sealed."""
        shown = string(message.peek("reasoning_text"))
        part = self._writer.thought(shown, message.peek("reasoning_opaque"))
        if not part:
            return []
        for key in ("reasoning_opaque", "reasoning_content", "reasoning_text"):
            message.take(key)
        return [Thought(part=part)]

    def _call(self, call: Fields) -> Called:
        kind = call.text("type") or "function"
        if kind not in {"function", "custom"}:
            raise call.mistake("type", f"calls of type {kind[:40]!r} cannot be translated", code="unsupported_value")
        id_ = call.required_text("id")
        called = call.object(kind)
        for leftover in _LEFTOVERS:
            call.take(leftover)
            called.take(leftover)
        name = self._names.sent(called.required_text("name"))
        if kind == "custom":
            return Called(id=id_, name=name, free_text=called.text("input"))
        return Called(id=id_, name=name, arguments=_arguments(called))

    def _legacy_call(self, call: Fields) -> Called:
        name = call.required_text("name")
        self._legacy_calls += 1
        self._legacy_ids[name] = f"call_legacy_{self._legacy_calls}"
        return Called(id=self._legacy_ids[name], name=self._names.sent(name), arguments=_arguments(call))

    def _parts(self, message: Fields, allowed: frozenset[str]) -> list[Json]:
        """The message's content, without blank text, which Anthropic refuses, and with its cache marks."""
        parts: list[Json] = []
        for part in message.blocks("content"):
            kind = part.text("type")
            if kind not in allowed:
                raise part.mistake("type", f"parts of type {kind[:40]!r} cannot be translated", code="unsupported_value")
            parts += self._marked(part, self._part(part, kind))
        return self._marked(message, parts)

    def _part(self, part: Fields, kind: str) -> list[Json]:
        match kind:
            case "image_url":
                if isinstance(part.peek(kind), str):
                    return [self._writer.picture(part, kind)]
                return [self._writer.picture(part.object(kind), "url")]
            case "file":
                return self._documents.of(documents.of_file(part.object(kind)), part, kind)
            case _:
                text = part.text(kind)
                said = {"refuses": True} if kind == "refusal" else {}
                return [self._writer.text(text) | said] if text.strip() else []

    def _spoken_by(self, speaker: str, parts: list[Json]) -> list[Json]:
        """Says who speaks, which matters where several do and the other side has no field for it."""
        if not speaker or not parts:
            return parts
        if "text" in parts[0]:
            return [parts[0] | {"text": f"{speaker}: {parts[0]['text']}"}, *parts[1:]]
        return [self._writer.text(f"{speaker}:"), *parts]

    def _marked(self, holder: Fields, parts: list[Json]) -> list[Json]:
        """`parts`, which stand in `holder`, the last one with its mark."""
        if parts and self._writer.takes_marks and caching.take_mark(holder):
            parts[-1].update(caching.on_block(marked=True))
        return parts


def _said(part: Json) -> Said:
    return Said(text=part["text"], marked="cache_control" in part, refuses="refuses" in part)


def _arguments(call: Fields) -> str:
    """Arguments as JSON text, exactly as they came. Some clients send the object itself."""
    arguments = call.take("arguments")
    return dumps_text(arguments) if isinstance(arguments, dict) else string(arguments)
