"""The conversation of an Anthropic Messages request, read block by block into chat messages.

Rules: translation.md §1.2 to §1.5 (tables), §4 (reasoning).
"""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import caching, carrier, documents, images, notes
from copilot_api.translate.chat_history import ChatHistory, ToolAnswer
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_names import Names

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
    """Reads messages into a history.

    `leading` are instructions that came before anybody had said anything, `leading_marked` whether they have a cache mark.
    """

    def __init__(self, model: Model, names: Names, history: ChatHistory) -> None:
        self._model = model
        self._names = names
        self._history = history
        self._family = carrier.family(model)
        self.leading: list[str] = []
        self.leading_marked = False

    def read(self, messages: list[Fields]) -> None:
        """Reads all of a request's messages. Raises ClientMistake for content that cannot be carried."""
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

    def _system(self, message: Fields, *, has_user_after: bool) -> None:
        blocks = message.blocks("content")
        is_over = message.text("clear_at") == "next_user_message" and has_user_after
        texts: list[str] = []
        marked = False
        for block in blocks:
            kind = block.text("type")
            marked = self._take_mark(block) or marked
            if kind == "text":
                texts += _spoken(block)
            elif kind in _HOSTED_BLOCKS:
                block.drop(kind)
            else:
                raise _unknown(block, kind)
        if is_over or not texts:
            return
        if self._history.is_empty:
            self.leading += texts
            self.leading_marked = self.leading_marked or marked
        else:
            self._history.instruct("\n\n".join(texts), marked=marked)

    def _user(self, message: Fields, *, is_newest: bool) -> None:
        parts: list[Json] = []
        answers: list[ToolAnswer] = []
        unread = 0
        marked = False
        for block in message.blocks("content"):
            kind = block.text("type")
            if kind == "tool_result":
                answers.append(self._answer(block))
                continue
            marked = self._take_mark(block) or marked
            added, is_unread = self._parts(block, kind)
            parts += added
            unread += is_unread
        if is_newest and unread and unread == len(parts) and not answers:
            raise ClientMistake(
                f"{self._model.id} cannot read PDF documents through Copilot",
                hint="send the text of the document, or pictures of its pages",
                code="unsupported_value",
                param=message.at("content"),
            )
        self._history.user(parts, answers=answers, marked=marked)

    def _parts(self, block: Fields, kind: str) -> tuple[list[Json], bool]:
        """The chat parts for one block, and whether they only stand for something that the model does not get to see."""
        match kind:
            case "text":
                return _text_parts(_spoken(block)), False
            case "image":
                return [{"type": "image_url", "image_url": {"url": images.url_of(block)}}], False
            case "document":
                title = block.peek("title")
                text = documents.text_of(block)
                if text is None:
                    block.drop(kind)
                    return _text_parts([notes.document_omitted(title or "")]), True
                return _text_parts([text] if text.strip() else []), False
            case "search_result":
                return _text_parts([text] if (text := documents.search_result(block)) else []), False
            case "tool_reference":
                return _text_parts([f"Tool available: {block.required_text('tool_name')}"]), False
            case _ if kind in _HOSTED_BLOCKS:
                block.drop(kind)
                return [], False
            case _:
                raise _unknown(block, kind)

    def _answer(self, block: Fields) -> ToolAnswer:
        """A tool's result: its texts in one, its pictures beside them, for a tool message holds text only."""
        id_ = block.required_text("tool_use_id")
        is_error = block.flag("is_error")
        marked = self._take_mark(block)
        texts: list[str] = []
        pictures: list[Json] = []
        for inner in block.blocks("content"):
            marked = self._take_mark(inner) or marked
            for part in self._parts(inner, inner.text("type"))[0]:
                if part["type"] == "text":
                    texts.append(part["text"])
                else:
                    pictures.append(part)
        text = "\n\n".join(texts) or (notes.IMAGE_BELOW if pictures else self._no_output())
        if is_error and not text.lower().startswith("error"):
            text = f"Error: {text or notes.NO_OUTPUT}"
        return ToolAnswer(id=id_, text=text, pictures=pictures, marked=marked)

    def _no_output(self) -> str:
        """Claude's backends refuse blank text, OpenAI's take it."""
        return notes.NO_OUTPUT if self._model.is_claude else ""

    def _assistant(self, message: Fields) -> None:
        texts: list[str] = []
        calls: list[Json] = []
        thought: Json = {}
        marked = False
        for block in message.blocks("content"):
            kind = block.text("type")
            marked = self._take_mark(block) or marked
            match kind:
                case "text":
                    texts += _spoken(block)
                case "tool_use":
                    calls.append(self._call(block))
                case "thinking" | "redacted_thinking":
                    found = self._thought(block, kind)
                    # Copilot may seal a thought after its text is over; the seal then came to the client as a block of its own.
                    is_late_seal = list(found) == ["reasoning_opaque"] and "reasoning_opaque" not in thought
                    if is_late_seal or (found and not thought):
                        thought |= found
                    else:
                        block.drop(kind)
                case "image":
                    block.drop(kind)
                case _ if kind in _HOSTED_BLOCKS:
                    block.drop(kind)
                case _:
                    raise _unknown(block, kind)
        self._history.assistant("".join(texts), calls, thought=thought, marked=marked)

    def _call(self, block: Fields) -> Json:
        id_, name = block.required_text("id"), block.required_text("name")
        arguments = block.take("input")
        if not isinstance(arguments, dict | None):
            raise block.mistake("input", "must be an object", code="invalid_type")
        function = {"name": self._names.sent(name), "arguments": dumps_text(arguments or {})}
        return {"id": id_, "type": "function", "function": function}

    def _thought(self, block: Fields, kind: str) -> Json:
        """The reasoning fields of a chat message, if this block was made from an answer of the same model family."""
        sealed = block.take("signature" if kind == "thinking" else "data")
        opaque = carrier.unpack(sealed, origin="c", family=self._family)
        if opaque is None:
            return {}
        text = block.text("thinking")
        return ({"reasoning_text": text} if text else {}) | ({"reasoning_opaque": opaque} if opaque else {})

    def _take_mark(self, block: Fields) -> bool:
        """Only Claude's prompt cache needs marks; for other models a mark stays behind as a loss."""
        return self._model.is_claude and caching.take_mark(block)


def _spoken(block: Fields) -> list[str]:
    """The text of a block, unless it is blank: Claude's backends refuse that, and it says nothing."""
    text = block.text("text")
    return [text] if text.strip() else []


def _text_parts(texts: list[str]) -> list[Json]:
    return [{"type": "text", "text": text} for text in texts]


def _unknown(block: Fields, kind: str) -> ClientMistake:
    return block.mistake("type", f"blocks of type {kind[:40]!r} cannot be translated", code="unsupported_value")
