"""Reads a Chat Completions body for counting. Takes any JSON: what has the wrong type is passed over."""

from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.tokens.prompt import Call, Document, Image, Prompt, Tool, Turn, compact

_THOUGHTS = ("reasoning_text", "reasoning_content", "reasoning")
# Read in a way of their own, or no text at all (an encrypted reasoning).
_NOT_LABELS = frozenset({"role", "content", "reasoning_opaque", "encrypted_content", *_THOUGHTS})


def prompt(body: Json) -> Prompt:
    """What `body` asks the model to read."""
    messages = _listed(body.get("messages"))
    asked = max((at for at, message in enumerate(messages) if obj(message).get("role") == "user"), default=-1)
    choice = body.get("tool_choice")
    return Prompt(
        turns=tuple(_turn(message, thinks=at > asked) for at, message in enumerate(messages)),
        tools=tuple(_tools(body)),
        must_use_tool=choice == "required" or isinstance(choice, dict),
        answer_schema=obj(obj(body.get("response_format")).get("json_schema")).get("schema"),
    )


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str | dict) else []


def _turn(message: Any, *, thinks: bool) -> Turn:
    fields: Json = message if isinstance(message, dict) else {"role": "user", "content": message}
    texts, images, documents = _content(fields.get("content"))
    return Turn(
        role=string(fields.get("role")),
        labels=tuple(text for name, text in fields.items() if name not in _NOT_LABELS and isinstance(text, str)),
        has_name=bool(fields.get("name")),
        texts=tuple(texts),
        images=tuple(images),
        documents=tuple(documents),
        calls=tuple(_calls(fields)),
        # Reasoning counts while the model is at work on its turn; before that it is dropped upstream.
        only_claude=tuple(text for name in _THOUGHTS if thinks and (text := string(fields.get(name)))),
    )


def _content(content: Any) -> tuple[list[str], list[Image], list[Document]]:
    texts: list[str] = []
    images: list[Image] = []
    documents: list[Document] = []
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            match part.get("type"):
                case "image_url" | "input_image":
                    images.append(_image(part))
                case "file" | "input_file":
                    documents.append(_document(part))
                case _:
                    texts.append(string(part.get("text")) or string(part.get("refusal")))
    return texts, images, documents


def _image(part: Json) -> Image:
    link = part.get("image_url")
    url = string(link) or string(obj(link).get("url"))
    detail = string(part.get("detail")) or string(obj(link).get("detail"))
    return Image(data=_base64_of(url), detail=detail or "auto")


def _document(part: Json) -> Document:
    data = string((obj(part.get("file")) or part).get("file_data"))
    return Document(base64_chars=len(_base64_of(data) or data))


def _base64_of(url: str) -> str:
    return url.partition(",")[2] if url.startswith("data:") else ""


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
        yield Tool(definition=_definition(obj(tool.get("function")) or obj(tool.get("custom")) or tool))
    for function in objs(body.get("functions")):
        yield Tool(definition=_definition(function))


def _definition(function: Json) -> Json:
    schema = function.get("parameters", function.get("format"))
    named = {"name": function.get("name"), "description": function.get("description"), "input_schema": schema}
    return {name: value for name, value in named.items() if value is not None}
