"""The conversation of a Gemini request, read part by part.

Rules: translation.md §1.2 to §1.5 (tables), §4 (reasoning). A thought's seal stands on the part that follows it, as
`dialects.gemini_parts` puts it there.
"""

from collections.abc import Iterator

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.gemini_parts import unsealed
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.errors import ClientMistake
from copilot_api.translate import gemini_media
from copilot_api.translate.document_parts import DocumentParts
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.gemini_calls import CallIds
from copilot_api.translate.tool_names import Names
from copilot_api.translate.writer import Called, Piece, Result, Said, Thought, Writer

_USERS = frozenset({"", "user", "function"})
# What Google's servers did within an answer, or made: there is nobody to give it to.
_HOSTED = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "inlineData", "fileData")
# Stands where a client has lost the signature that Gemini demands. Source: Gemini CLI 0.61, Google's guide to signatures.
_NO_SIGNATURE = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
_OUTCOMES = frozenset({"output", "error", "result"})


class TurnReader:
    """Reads system instruction and contents to a writer."""

    def __init__(self, model: Model, names: Names, writer: Writer) -> None:
        self._names = names
        self._writer = writer
        self._documents = DocumentParts(model, writer)
        self._ids = CallIds()

    def read(self, fields: Fields) -> None:
        """Takes `systemInstruction` and `contents`. Raises ClientMistake for what cannot be carried, and for nothing at all."""
        self._writer.instruct([self._writer.text(text) for text in _system(fields) if text.strip()])
        contents = fields.objects("contents")
        answer: _Answer | None = None
        for number, content in enumerate(contents):
            role = content.text("role")
            if role == "model":
                answer = answer or _Answer(self._names, self._ids, self._writer)
                answer.read(content)
                continue
            if role not in _USERS:
                raise content.mistake("role", f"{role[:40]!r} is neither user nor model")
            self._end(answer)
            answer = None
            self._user(content, is_newest=number == len(contents) - 1)
        self._end(answer)
        if self._writer.is_empty:
            raise ClientMistake("contents: at least one content with something in it is required", param="contents")

    def _end(self, answer: "_Answer | None") -> None:
        """Contents of the model that follow one another are one answer: programs keep a stream piece by piece."""
        if answer is not None:
            self._writer.assistant(answer.pieces())

    def _user(self, content: Fields, *, is_newest: bool) -> None:
        parts: list[Json] = []
        has_results = False
        for part in content.objects("parts"):
            if "functionResponse" in part:
                self._result(part.object("functionResponse"))
                has_results = True
            else:
                parts += self._parts(part)
        if is_newest and not has_results:
            self._documents.check(parts, content.at("parts"))
        self._writer.user(parts)

    def _parts(self, part: Fields) -> list[Json]:
        if "inlineData" in part:
            return self._media(gemini_media.inline(part.object("inlineData")), part, "inlineData")
        if "fileData" in part:
            return self._media(gemini_media.elsewhere(part.object("fileData")), part, "fileData")
        if "text" in part:
            text = part.text("text")
            return [self._writer.text(text)] if text.strip() else []
        _refuse(part)
        return []

    def _media(self, shown: Fields | Document, part: Fields, kind: str) -> list[Json]:
        if isinstance(shown, Document):
            return self._documents.of(shown, part, kind)
        return [self._writer.picture(shown, "url")]

    def _result(self, response: Fields) -> None:
        """What a function gave back: text first, then whatever it shows."""
        name = response.required_text("name")
        id_ = self._ids.answer(name, response.text("id"))
        text, is_error = _outcome(response)
        parts = [self._writer.text(text)] if text.strip() else []
        shown = [piece for part in response.objects("parts") for piece in self._parts(part)]
        self._writer.result(Result(id=id_, parts=[*parts, *shown], is_error=is_error))


class _Answer:
    """An answer of the model, whose contents may be many."""

    def __init__(self, names: Names, ids: CallIds, writer: Writer) -> None:
        self._names = names
        self._ids = ids
        self._ids.begin()
        self._writer = writer
        self._pieces: list[Piece] = []
        self._thoughts: list[tuple[Fields, str]] = []
        self._seals: list[tuple[Fields, str]] = []

    def read(self, content: Fields) -> None:
        """Takes the parts of a content."""
        for part in content.objects("parts"):
            text = part.text("text")
            is_thought = part.flag("thought")
            self._take_seals(part)
            if is_thought:
                self._thoughts.append((part, text))
            elif text:
                self._say(text)
            elif "functionCall" in part:
                self._put(self._call(part.object("functionCall")))
            elif hosted := next((name for name in _HOSTED if name in part), ""):
                part.drop(hosted)
            else:
                _refuse(part)

    def pieces(self) -> list[Piece]:
        """All of the answer. Words that are blank as a whole say nothing."""
        self._flush()
        return [piece for piece in self._pieces if not isinstance(piece, Said) or piece.text.strip()]

    def _say(self, text: str) -> None:
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, Said) and not self._seals and not self._thoughts:
            self._pieces[-1] = Said(text=last.text + text)
        else:
            self._put(Said(text=text))

    def _put(self, piece: Piece) -> None:
        self._flush()
        self._pieces.append(piece)

    def _flush(self) -> None:
        """The reasoning so far: only its seal makes it worth carrying."""
        text = "".join(text for _, text in self._thoughts)
        is_carried = False
        for part, seal in self._seals:
            # Of several seals nobody knows which one belongs to the text; each stands for itself then.
            if thought := self._writer.thought(text if len(self._seals) == 1 else "", seal):
                self._pieces.append(Thought(part=thought))
                is_carried = True
            else:
                part.lose("thoughtSignature")
        for part, _ in self._thoughts:
            if not is_carried:
                part.drop("thought")
        self._thoughts, self._seals = [], []

    def _take_seals(self, part: Fields) -> None:
        signature = part.take("thoughtSignature")
        if not string(signature) or signature in _NO_SIGNATURE:
            return
        self._seals += [(part, seal) for seal in unsealed(signature) or [signature]]

    def _call(self, call: Fields) -> Called:
        name = call.required_text("name")
        arguments = call.take("args")
        if not isinstance(arguments, dict | None):
            raise call.mistake("args", "must be an object", code="invalid_type")
        id_ = self._ids.call(name, call.text("id"))
        return Called(id=id_, name=self._names.sent(name), arguments=dumps_text(arguments or {}))


def _system(fields: Fields) -> Iterator[str]:
    """The texts of the system instruction, which may be a text, a part, or a content."""
    if isinstance(fields.peek("systemInstruction"), str):
        yield fields.text("systemInstruction")
        return
    instruction = fields.object("systemInstruction")
    instruction.take("role")
    yield instruction.text("text")
    for part in instruction.objects("parts"):
        yield part.text("text")
        _refuse(part)


def _outcome(response: Fields) -> tuple[str, bool]:
    """What a function says, and whether it failed. `output` and `error` are Google's words, `result` is its Python SDK's."""
    given = response.take("response")
    if not given:
        return "", False
    if not isinstance(given, dict):
        raise response.mistake("response", "must be an object", code="invalid_type")
    key = next(iter(given))
    if len(given) == 1 and key in _OUTCOMES:
        value = given[key]
        return value if isinstance(value, str) else dumps_text(value), key == "error"
    return dumps_text(given), False


def _refuse(part: Fields) -> None:
    """A part must hold something that can be carried. One that holds nothing says nothing."""
    for name in part.names():
        raise part.mistake(name, "parts of this kind cannot be translated", code="unsupported_value")
