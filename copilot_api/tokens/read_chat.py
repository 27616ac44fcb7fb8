"""Reads a Chat Completions body for counting. Takes any JSON: what has the wrong type is passed over."""

from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.tokens.openai_parts import definition, listed, parts
from copilot_api.tokens.prompt import Call, Prompt, Tool, Turn, compact

_THOUGHTS = ("reasoning_text", "reasoning_content", "reasoning")
# Read in a way of their own, or no text at all (an encrypted reasoning).
_NOT_LABELS = frozenset({"role", "content", "reasoning_opaque", "encrypted_content", *_THOUGHTS})


def prompt(body: Json) -> Prompt:
    """What `body` asks the model to read."""
    messages = listed(body.get("messages"))
    asked = max((at for at, message in enumerate(messages) if obj(message).get("role") == "user"), default=-1)
    choice = body.get("tool_choice")
    return Prompt(
        turns=tuple(_turn(message, thinks=at > asked) for at, message in enumerate(messages)),
        tools=tuple(_tools(body)),
        must_use_tool=choice == "required" or isinstance(choice, dict),
        answer_schema=obj(obj(body.get("response_format")).get("json_schema")).get("schema"),
    )


def _turn(message: Any, *, thinks: bool) -> Turn:
    fields: Json = message if isinstance(message, dict) else {"role": "user", "content": message}
    found = parts(fields.get("content"))
    return Turn(
        role=string(fields.get("role")),
        labels=tuple(text for name, text in fields.items() if name not in _NOT_LABELS and isinstance(text, str)),
        has_name=bool(fields.get("name")),
        texts=found.texts,
        images=found.images,
        documents=found.documents,
        calls=tuple(_calls(fields)),
        # Reasoning counts while the model is at work on its turn; before that it is dropped upstream.
        only_claude=tuple(text for name in _THOUGHTS if thinks and (text := string(fields.get(name)))),
    )


def _calls(fields: Json) -> Iterator[Call]:
    for call in objs(fields.get("tool_calls")):
        function = obj(call.get("function")) or obj(call.get("custom"))
        yield _call(string(call.get("id")), function)
    legacy = obj(fields.get("function_call"))
    if legacy:
        yield _call("", legacy)


def _call(id_: str, function: Json) -> Call:
    given = function.get("arguments", function.get("input", ""))
    return Call(id=id_, name=string(function.get("name")), arguments=given if isinstance(given, str) else compact(given))


def _tools(body: Json) -> Iterator[Tool]:
    for tool in objs(body.get("tools")):
        yield Tool(definition=definition(obj(tool.get("function")) or obj(tool.get("custom")) or tool))
    for function in objs(body.get("functions")):
        yield Tool(definition=definition(function))
