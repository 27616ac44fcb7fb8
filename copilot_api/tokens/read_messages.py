"""Reads an Anthropic Messages body for counting. Takes any JSON: what has the wrong type is passed over.

The turns are those a chat model would get (translation.md §1.5: each tool result by itself, then the rest of the message),
so that one reading serves every rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.tokens.prompt import Call, Document, Image, Prompt, Tool, Turn, compact, strings

# Attribution that Claude Code puts before the system prompt; it is no prompt text (translation.md §1.2).
_BILLING_HEADER = "x-anthropic-billing-header"
# Beside the definition, for the API and not for the model.
_NOT_DEFINITION = frozenset({"cache_control", "defer_loading", "eager_input_streaming", "allowed_callers", "strict", "type"})


@dataclass(slots=True)
class _Found:
    """What the blocks of one message, or of one tool result, hold."""

    texts: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    results: list[Json] = field(default_factory=list)
    only_claude: list[str] = field(default_factory=list)
    opaque_chars: int = 0

    def turn(self, role: str, *, labels: tuple[str, ...] = (), continues: bool = False) -> Turn:
        return Turn(
            role=role,
            labels=labels,
            texts=tuple(self.texts),
            images=tuple(self.images),
            documents=tuple(self.documents),
            calls=tuple(self.calls),
            only_claude=tuple(self.only_claude),
            opaque_chars=self.opaque_chars,
            continues=continues,
        )


def prompt(body: Json) -> Prompt:
    """What `body` asks the model to read."""
    messages = _listed(body.get("messages"))
    asked = max((at for at, message in enumerate(messages) if _is_question(message)), default=-1)
    turns = [*_system(body.get("system"))]
    for at, message in enumerate(messages):
        turns.extend(_turns(message, thinks=at > asked))
    return Prompt(
        turns=tuple(turns),
        tools=tuple(_tools(body, messages)),
        must_use_tool=string(obj(body.get("tool_choice")).get("type")) in {"any", "tool"},
        answer_schema=obj(obj(body.get("output_config")).get("format")).get("schema"),
    )


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str | dict) else []


def _is_question(message: Any) -> bool:
    """Whether the user speaks in it: a turn that only answers tool calls is part of the model's own."""
    blocks = _listed(obj(message).get("content"))
    return obj(message).get("role") == "user" and any(obj(block).get("type") != "tool_result" for block in blocks)


def _system(system: Any) -> Iterator[Turn]:
    blocks = [block for block in _listed(system) if not string(obj(block).get("text")).startswith(_BILLING_HEADER)]
    if blocks:
        yield _find(blocks, thinks=False).turn("system")


def _turns(message: Any, *, thinks: bool) -> Iterator[Turn]:
    """One message: each tool result, then what else is in it."""
    fields: Json = message if isinstance(message, dict) else {"role": "user", "content": message}
    found = _find(fields.get("content"), thinks=thinks)
    for at, result in enumerate(found.results):
        inside = _find(result.get("content"), thinks=False)
        yield inside.turn("tool", labels=(string(result.get("tool_use_id")),), continues=at > 0)
    rest = found.turn(string(fields.get("role")), continues=bool(found.results))
    if not found.results or rest != Turn(role=rest.role, continues=True):
        yield rest


def _find(content: Any, *, thinks: bool) -> _Found:
    found = _Found()
    waiting = [content]
    while waiting:
        block = waiting.pop()
        if isinstance(block, str):
            found.texts.append(block)
        elif isinstance(block, list):
            waiting.extend(reversed(block))
        elif isinstance(block, dict):
            waiting.extend(_take(block, found, thinks=thinks))
    return found


def _take(block: Json, found: _Found, *, thinks: bool) -> list[Any]:
    """Puts what `block` says into `found`; gives back the content still to look through."""
    kind = string(block.get("type"))
    match kind:
        case "image":
            found.images.append(Image(data=string(obj(block.get("source")).get("data"))))
        case "document":
            return _document(block, found)
        case "search_result":
            found.texts += [string(block.get("title")), string(block.get("source"))]
            return [block.get("content")]
        case "thinking" | "redacted_thinking":
            if thinks:
                _think(block, found)
        case "tool_use":
            found.calls.append(
                Call(id=string(block.get("id")), name=string(block.get("name")), arguments=compact(block.get("input", {})))
            )
        case "tool_result":
            found.results.append(block)
        case "tool_reference":
            found.texts.append(string(block.get("tool_name")))
        case "server_tool_use" | "mcp_tool_use":
            found.only_claude += [string(block.get("name")), compact(block.get("input", {}))]
        case _ if kind.endswith("_tool_result"):
            _server_result(block.get("content"), found)
        case _:
            found.texts.append(string(block.get("text")))
            return [block.get("content")]
    return []


def _document(block: Json, found: _Found) -> list[Any]:
    source = obj(block.get("source"))
    title = string(block.get("title"))
    match source.get("type"):
        case "text":
            found.texts += [title, string(block.get("context")), string(source.get("data"))]
        case "content":
            found.texts += [title, string(block.get("context"))]
            return [source.get("content")]
        case _:
            note = f"[document: {title or 'untitled'} omitted]"
            found.documents.append(Document(base64_chars=len(string(source.get("data"))), note=note))
            found.only_claude += [title, string(block.get("context"))]
    return []


def _think(block: Json, found: _Found) -> None:
    """A thought that is withheld (no text, or redacted) comes back encrypted and is read all the same."""
    thought = string(block.get("thinking"))
    found.only_claude.append(thought)
    if not thought:
        found.opaque_chars += len(string(block.get("signature")) or string(block.get("data")))


def _server_result(content: Any, found: _Found) -> None:
    for text, under in strings(content):
        if under.startswith("encrypted_"):
            found.opaque_chars += len(text)
        else:
            found.only_claude.append(text)


def _tools(body: Json, messages: list[Any]) -> Iterator[Tool]:
    tools = objs(body.get("tools"))
    defers = any(tool.get("defer_loading") for tool in tools)
    found = {text for text, under in strings(messages) if under == "tool_name"} if defers else set()
    for tool in tools:
        kind = string(tool.get("type"))
        yield Tool(
            definition={name: value for name, value in tool.items() if name not in _NOT_DEFINITION},
            builtin="" if "input_schema" in tool or kind == "custom" else kind,
            is_deferred=bool(tool.get("defer_loading")) and string(tool.get("name")) not in found,
        )
