"""What messages of OpenAI's two dialects are made of. Takes any JSON: what has the wrong type is passed over."""

from dataclasses import dataclass
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, string
from copilot_api.tokens.prompt import Document, Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a content holds, in the order found within each kind."""

    texts: tuple[str, ...]
    images: tuple[Image, ...]
    documents: tuple[Document, ...]


def parts(content: Any) -> Parts:
    """What `content` holds: a text, or a list of typed parts, however nested."""
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
    return Parts(texts=tuple(texts), images=tuple(images), documents=tuple(documents))


def listed(value: Any) -> list[Any]:
    """`value` as a list of messages: one alone counts as a list of one."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str | dict) else []


def definition(function: Json) -> Json:
    """The definition of a tool as every rule counts it."""
    schema = function.get("parameters", function.get("format"))
    named = {"name": function.get("name"), "description": function.get("description"), "input_schema": schema}
    return {name: value for name, value in named.items() if value is not None}


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
