"""The conversation of an Anthropic Messages request, read block by block.

Rules: translation.md §1.2 to §1.5 (tables), §4 (reasoning).
"""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import caching, documents, images
from copilot_api.translate.document_parts import DocumentParts
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_names import Names
from copilot_api.translate.writer import Called, Piece, Result, Said, Thought, Writer

# A client's bookkeeping, not part of the prompt; it changes with every session and would spoil the prompt cache.
_BILLING_HEADER = "x-anthropic-billing-header"

# What Anthropic's own servers did within an answer, or were to do: there is nobody to give it to.
_HOSTED_BLOCKS = frozenset(
    {
        "advisor_tool_result",
        "bash_code_execution_tool_result",
        "code_execution_tool_result",
        "container_upload",
        "fallback",
        "mcp_tool_listing",
        "mcp_tool_result",
        "mcp_tool_use",
        "server_tool_use",
        "text_editor_code_execution_tool_result",
        "tool_addition",
        "tool_removal",
        "tool_search_tool_result",
        "web_fetch_tool_result",
        "web_search_tool_result",
    }
)


class TurnReader:
    """Reads system prompt and messages to a writer."""

    def __init__(self, model: Model, names: Names, writer: Writer) -> None:
        self._names = names
        self._writer = writer
        self._documents = DocumentParts(model, writer)

    def read(self, fields: Fields) -> None:
        """Takes `system` and `messages`. Raises ClientMistake for content that cannot be carried, and for none at all."""
        self._read_system(fields)
        messages = fields.objects("messages")
        last_user = max((n for n, message in enumerate(messages) if message.peek("role") == "user"), default=-1)
        for number, message in enumerate(messages):
            match role := message.text("role"):
                case "user":
                    self._user(message, is_newest=number == len(messages) - 1)
                case "assistant":
                    self._assistant(message)
                case "system":
                    self._system(message, has_user_after=number < last_user)
                case _:
                    raise message.mistake("role", f"{role[:40]!r} is neither user nor assistant nor system")
        if self._writer.is_empty:
            raise ClientMistake("messages: at least one message with content is required", param="messages")

    def _read_system(self, fields: Fields) -> None:
        parts: list[Json] = []
        for number, block in enumerate(fields.blocks("system")):
            if (kind := block.text("type")) != "text":
                raise block.mistake("type", f"the system prompt holds text, not {kind[:40]!r}")
            if number == 0 and str(block.peek("text")).startswith(_BILLING_HEADER):
                block.take("text")
                fields.lose(f"system.{_BILLING_HEADER}")
                continue
            parts += self._marked(block, self._text(block))
        self._writer.instruct(parts)

    def _system(self, message: Fields, *, has_user_after: bool) -> None:
        blocks = message.blocks("content")
        is_over = message.text("clear_at") == "next_user_message" and has_user_after
        parts: list[Json] = []
        for block in blocks:
            kind = block.text("type")
            if kind == "text":
                parts += self._marked(block, self._text(block))
            elif kind in _HOSTED_BLOCKS:
                block.drop(kind)
            else:
                raise _unknown(block, kind)
        if parts and not is_over:
            self._writer.instruct(parts)

    def _user(self, message: Fields, *, is_newest: bool) -> None:
        parts: list[Json] = []
        has_results = False
        for block in message.blocks("content"):
            kind = block.text("type")
            if kind == "tool_result":
                self._result(block)
                has_results = True
                continue
            parts += self._marked(block, self._parts(block, kind))
        if is_newest and not has_results:
            self._documents.check(parts, message.at("content"))
        self._writer.user(parts)

    def _parts(self, block: Fields, kind: str) -> list[Json]:
        match kind:
            case "text":
                return self._text(block)
            case "image":
                return [self._writer.picture(Fields({"url": images.url_of(block)}, block.path), "url")]
            case "document":
                return self._documents.of(documents.of_block(block), block, kind)
            case "search_result":
                return [self._writer.text(text)] if (text := documents.search_result(block)) else []
            case "tool_reference":
                return [self._writer.text(f"Tool available: {block.required_text('tool_name')}")]
            case _ if kind in _HOSTED_BLOCKS:
                block.drop(kind)
                return []
            case _:
                raise _unknown(block, kind)

    def _result(self, block: Fields) -> None:
        id_ = block.required_text("tool_use_id")
        is_error, marked = block.flag("is_error") or False, self._take_mark(block)
        parts: list[Json] = []
        for inner in block.blocks("content"):
            parts += self._marked(inner, self._parts(inner, inner.text("type")))
        self._writer.result(Result(id=id_, parts=parts, is_error=is_error, marked=marked))

    def _assistant(self, message: Fields) -> None:
        pieces: list[Piece] = []
        for block in message.blocks("content"):
            match kind := block.text("type"):
                case "text":
                    if (text := block.text("text")).strip():
                        pieces.append(Said(text=text, marked=self._take_mark(block)))
                case "tool_use":
                    pieces.append(self._call(block))
                case "thinking" | "redacted_thinking":
                    pieces += self._thought(block, kind)
                case "image":
                    block.drop(kind)
                case _ if kind in _HOSTED_BLOCKS:
                    block.drop(kind)
                case _:
                    raise _unknown(block, kind)
        self._writer.assistant(pieces)

    def _call(self, block: Fields) -> Called:
        id_, name = block.required_text("id"), block.required_text("name")
        arguments = block.take("input")
        if not isinstance(arguments, dict | None):
            raise block.mistake("input", "must be an object", code="invalid_type")
        name = self._names.sent(name)
        return Called(id=id_, name=name, arguments=dumps_text(arguments or {}), marked=self._take_mark(block))

    def _thought(self, block: Fields, kind: str) -> list[Piece]:
        """The reasoning that the block carries, if it was made from an answer that this model can read."""
        text, sealed = block.text("thinking"), block.take("signature" if kind == "thinking" else "data")
        if part := self._writer.thought(text, sealed):
            return [Thought(part=part)]
        block.drop(kind)
        return []

    def _text(self, block: Fields) -> list[Json]:
        """The text of a block, unless it is blank: Claude's backends refuse that, and it says nothing."""
        text = block.text("text")
        return [self._writer.text(text)] if text.strip() else []

    def _marked(self, block: Fields, parts: list[Json]) -> list[Json]:
        """`parts`, which the block was turned into, the last one with the block's mark."""
        if parts and self._take_mark(block):
            parts[-1].update(caching.on_block(marked=True))
        return parts

    def _take_mark(self, block: Fields) -> bool:
        return self._writer.takes_marks and caching.take_mark(block)


def _unknown(block: Fields, kind: str) -> ClientMistake:
    return block.mistake("type", f"blocks of type {kind[:40]!r} cannot be translated", code="unsupported_value")
