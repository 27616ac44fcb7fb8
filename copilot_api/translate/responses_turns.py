"""The conversation of a Responses request, read item by item.

Rules: translation.md §1.2 to §1.5, §1.8 (items that only Responses has), §4 (reasoning). What Codex sends: clients.md §4.2.
"""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.errors import ClientMistake
from copilot_api.translate import documents
from copilot_api.translate.document_parts import DocumentParts
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_names import Names
from copilot_api.translate.writer import Called, Piece, Result, Said, Thought, Writer

# Which parts a message of each role may hold. Some clients write "text" for each kind of text.
_TEXT = frozenset({"text", "input_text", "output_text"})
_ANSWER = _TEXT | {"refusal"}
_INPUT = _TEXT | {"input_image", "input_file"}

# What a provider's own servers did, or what other endpoints have no word for: there is nobody to give it to.
_HOSTED = frozenset(
    {
        "apply_patch_call",
        "apply_patch_call_output",
        "code_interpreter_call",
        "computer_call",
        "computer_call_output",
        "configuration_update",
        "file_search_call",
        "image_generation_call",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "mcp_list_tools",
        "program",
        "program_output",
        "shell_call",
        "shell_call_output",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    }
)
_BOOKKEEPING = ("id", "status")

_NOT_HERE: dict[str, tuple[str, str]] = {
    "compaction": (
        "only the model that compacted the conversation can read what it made of it",
        "go on with that model, or begin a new conversation",
    ),
    "compaction_trigger": ("this model cannot compact a conversation", "let the client summarise it"),
    "item_reference": ("there is no stored item of that id", "send the item itself; nothing is stored here"),
}


class TurnReader:
    """Reads items to a writer. The assistant's items between two others are one answer."""

    def __init__(self, model: Model, names: Names, writer: Writer) -> None:
        self._names = names
        self._writer = writer
        self._documents = DocumentParts(model, writer)
        self._answer: list[Piece] = []
        self._newest_thought: Fields | None = None

    def read(self, items: list[Fields]) -> None:
        """Reads all items of a request. Raises ClientMistake for content that cannot be carried, and for none at all."""
        for number, item in enumerate(items):
            match kind := kind_of(item):
                case "message":
                    self._message(item, is_newest=number == len(items) - 1)
                case "function_call" | "custom_tool_call":
                    self._answer.append(self._call(item, kind))
                case "function_call_output" | "custom_tool_call_output":
                    self._result(item)
                case "reasoning":
                    self._thought(item)
                case "additional_tools":  # were offered from the start
                    item.take("role")
                case _ if kind in _HOSTED:
                    item.drop(kind)
                case _:
                    raise _not_here(item, kind)
            for key in _BOOKKEEPING:
                item.take(key)
        self._end_answer()
        if self._writer.is_empty:
            raise ClientMistake("input: at least one message with content is required", param="input")

    def _message(self, item: Fields, *, is_newest: bool) -> None:
        match role := item.text("role"):
            case "system" | "developer":
                if parts := self._parts(item, "content", _TEXT):
                    self._end_answer()
                    self._writer.instruct(parts)
            case "user":
                parts = self._parts(item, "content", _INPUT)
                if is_newest:
                    self._documents.check(parts, item.at("content"))
                if parts:
                    self._end_answer()
                    self._writer.user(parts)
            case "assistant":
                for number, part in enumerate(self._parts(item, "content", _ANSWER)):
                    self._answer.append(Said(text=part["text"], apart=number == 0))
            case _:
                raise item.mistake("role", f"{role[:40]!r} is not a role")

    def _call(self, item: Fields, kind: str) -> Called:
        id_ = item.required_text("call_id")
        name = self._names.sent(item.required_text("name"), item.text("namespace"))
        if kind == "custom_tool_call":
            return Called(id=id_, name=name, free_text=item.text("input"))
        arguments = item.take("arguments")
        written = dumps_text(arguments) if isinstance(arguments, dict) else string(arguments)
        return Called(id=id_, name=name, arguments=written)

    def _result(self, item: Fields) -> None:
        """What a tool put out. One that was not finished is as good as failed."""
        id_, is_error = item.required_text("call_id"), item.peek("status") == "incomplete"
        for known in ("name", "namespace"):  # from the call
            item.take(known)
        parts = self._parts(item, "output", _INPUT)
        self._end_answer()
        self._writer.result(Result(id=id_, parts=parts, is_error=is_error))

    def _thought(self, item: Fields) -> None:
        shown = [*item.objects("summary"), *item.objects("content")]
        for entry in shown:
            entry.take("type")
        text = "\n\n".join(filter(None, (entry.text("text") for entry in shown)))
        if part := self._writer.thought(text, item.take("encrypted_content")):
            self._answer.append(Thought(part=part))
            self._newest_thought = item
        else:
            item.drop("reasoning")

    def _end_answer(self) -> None:
        if self._newest_thought and all(isinstance(piece, Thought) for piece in self._answer):
            self._newest_thought.drop("reasoning")  # which led to nothing
        self._writer.assistant(self._answer)
        self._answer, self._newest_thought = [], None

    def _parts(self, item: Fields, key: str, allowed: frozenset[str]) -> list[Json]:
        parts: list[Json] = []
        for part in item.blocks(key):
            kind = part.text("type")
            if kind not in allowed:
                raise part.mistake("type", f"parts of type {kind[:40]!r} cannot be translated", code="unsupported_value")
            parts += self._part(part, kind)
        return parts

    def _part(self, part: Fields, kind: str) -> list[Json]:
        match kind:
            case "input_image":
                if "file_id" in part:
                    raise part.mistake("file_id", "files are not kept on this server; send image_url", code="unsupported_value")
                return [self._writer.picture(part, "image_url")]
            case "input_file":
                return self._documents.of(documents.of_file(part), part, kind)
            case _:
                text = part.text("refusal" if kind == "refusal" else "text")
                return [self._writer.text(text)] if text.strip() else []


def kind_of(item: Fields) -> str:
    """The item's type, which messages and references may leave out."""
    return item.text("type") or ("message" if "role" in item else "item_reference")


def _not_here(item: Fields, kind: str) -> ClientMistake:
    what, hint = _NOT_HERE.get(kind, (f"items of type {kind[:40]!r} cannot be translated", ""))
    code = "unsupported_value"
    return ClientMistake(f"{item.at('type')}: {what}", hint=hint, code=code, param=item.at("type"))
