"""The conversation of a Chat Completions request, read message by message into Messages blocks.

Rules: translation.md §1.2 to §1.5 (tables), §4 (reasoning).
"""

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, carrier, documents, images
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_history import MessagesHistory
from copilot_api.translate.tool_names import Names

# Which parts a message of each role may hold.
_TEXT = frozenset({"text"})
_ANSWER = frozenset({"text", "refusal"})
_INPUT = frozenset({"text", "image_url", "file"})

# What the OpenAI SDK's stream helpers leave in the calls that they build; it says nothing new.
_LEFTOVERS = ("index", "parsed_arguments")


class TurnReader:
    """Reads messages into a history."""

    def __init__(self, model: Model, names: Names, history: MessagesHistory) -> None:
        self._names = names
        self._history = history
        self._family = carrier.family(model)
        self._legacy_ids: dict[str, str] = {}
        self._legacy_calls = 0

    def read(self, messages: list[Fields]) -> None:
        """Reads all of a request's messages. Raises ClientMistake for content that cannot be carried."""
        speakers = {str(message.peek("name")) for message in messages if message.peek("role") == "user" and "name" in message}
        for message in messages:
            match role := message.text("role"):
                case "system" | "developer":
                    for block in _blocks(message, _TEXT):
                        self._history.instruct(block["text"], marked="cache_control" in block)
                case "user":
                    speaker = message.text("name") if len(speakers) > 1 else ""
                    self._history.user(_spoken_by(speaker, _blocks(message, _INPUT)))
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

    def _result(self, message: Fields, id_: str) -> None:
        """A tool's answer. A mark inside would be refused; one on the result itself is not."""
        is_text = isinstance(message.peek("content"), str)
        blocks = _blocks(message, _INPUT)
        marks = [block.pop("cache_control") for block in blocks if "cache_control" in block]
        content = {"content": blocks[0]["text"] if is_text else blocks} if blocks else {}
        self._history.result(id_, content | caching.on_block(marked=bool(marks)))

    def _assistant(self, message: Fields) -> None:
        texts = _blocks(message, _ANSWER)
        refusal = message.text("refusal")
        if refusal.strip() and not texts:
            texts = [{"type": "text", "text": refusal}]
        calls = [self._call(call) for call in message.objects("tool_calls")]
        if "function_call" in message:
            calls.append(self._legacy_call(message.object("function_call")))
        self._history.assistant(texts, calls, thought=self._thought(message))

    def _thought(self, message: Fields) -> Json:
        """The thinking block that the message's reasoning was made from, if a model of this family signed it.

        `reasoning_text` holds exactly what is signed; a signature without it stands for itself.
        """
        sealed = message.peek("reasoning_opaque")
        signature = carrier.unpack(sealed, origin="m", family=self._family)
        data = carrier.unpack(sealed, origin="redacted", family=self._family)
        if not signature and not data:
            return {}
        message.take("reasoning_opaque")
        message.take("reasoning_content")
        shown = message.text("reasoning_text")
        if data:
            return {"type": "redacted_thinking", "data": data}
        return {"type": "thinking", "thinking": shown, "signature": signature}

    def _call(self, call: Fields) -> Json:
        kind = call.text("type") or "function"
        if kind not in {"function", "custom"}:
            raise call.mistake("type", f"calls of type {kind[:40]!r} cannot be translated", code="unsupported_value")
        id_ = call.required_text("id")
        called = call.object(kind)
        arguments: Json = {"input": called.text("input")} if kind == "custom" else _arguments(called)
        for leftover in _LEFTOVERS:
            call.take(leftover)
            called.take(leftover)
        return _tool_use(id_, self._names.sent(called.required_text("name")), arguments)

    def _legacy_call(self, call: Fields) -> Json:
        name = call.required_text("name")
        self._legacy_calls += 1
        self._legacy_ids[name] = f"call_legacy_{self._legacy_calls}"
        return _tool_use(self._legacy_ids[name], self._names.sent(name), _arguments(call))


def _blocks(message: Fields, allowed: frozenset[str]) -> list[Json]:
    """The message's content as Messages blocks, without blank text, which Anthropic refuses, and with its cache marks."""
    blocks: list[Json] = []
    for part in message.blocks("content"):
        kind = part.text("type")
        if kind not in allowed:
            raise part.mistake("type", f"parts of type {kind[:40]!r} cannot be translated", code="unsupported_value")
        marked = caching.take_mark(part)
        blocks += [block | caching.on_block(marked=marked) for block in _block(part, kind)]
    if caching.take_mark(message) and blocks:
        blocks[-1] |= caching.on_block(marked=True)
    return blocks


def _block(part: Fields, kind: str) -> list[Json]:
    match kind:
        case "image_url":
            holder = part if isinstance(part.peek(kind), str) else part.object(kind)
            return [{"type": "image", "source": images.source_of(holder, "image_url" if holder is part else "url")}]
        case "file":
            return [documents.block_of(part.object(kind))]
        case _:
            text = part.text(kind)
            return [{"type": "text", "text": text}] if text.strip() else []


def _spoken_by(speaker: str, blocks: list[Json]) -> list[Json]:
    """Says who speaks, which matters where several do and Messages has no field for it."""
    if not speaker or not blocks:
        return blocks
    if blocks[0]["type"] == "text":
        return [blocks[0] | {"text": f"{speaker}: {blocks[0]['text']}"}, *blocks[1:]]
    return [{"type": "text", "text": f"{speaker}:"}, *blocks]


def _arguments(call: Fields) -> Json:
    """Arguments as an object. What a model once wrote wrongly cannot be mended now; the result that follows tells more."""
    arguments = call.take("arguments")
    if isinstance(arguments, dict):
        return arguments
    return (parse(arguments) if isinstance(arguments, str) else None) or {}


def _tool_use(id_: str, name: str, arguments: Json) -> Json:
    return {"type": "tool_use", "id": id_, "name": name, "input": arguments}
