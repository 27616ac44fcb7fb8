"""Documents and search results: text where the other dialect has no place for them. Rules: translation.md §1.3."""

import base64

from copilot_api.dialects.codec import Json
from copilot_api.translate.fields import Fields


def text_of(document: Fields) -> str | None:
    """An Anthropic document as text; None for one that only a model that reads PDF could use.

    Raises ClientMistake for an uploaded file, which is not there to be read.
    """
    source = document.object("source")
    title, context = document.text("title"), document.text("context")
    match kind := source.text("type"):
        case "text":
            source.take("media_type")
            body = source.text("data")
        case "content":
            body = _joined(source, "content")
        case "base64" | "url":
            return None
        case _:
            raise source.mistake("type", f"a document from {kind[:40]!r} cannot be sent", code="unsupported_value")
    return "\n".join(part for part in (title, context, body) if part)


def search_result(block: Fields) -> str:
    """An Anthropic search result as text: title, source, what was found."""
    parts = (block.text("title"), block.text("source"), _joined(block, "content"))
    return "\n".join(part for part in parts if part)


def block_of(file: Fields) -> Json:
    """The Anthropic document for the `file` in an OpenAI part. Raises ClientMistake for anything but PDF and text."""
    if "file_id" in file:
        raise file.mistake("file_id", "files are not kept on this server; send file_data", code="unsupported_value")
    name = file.text("filename")
    data_url = file.required_text("file_data")
    head, comma, data = data_url.partition(",")
    media_type = head.lower().removeprefix("data:").split(";")[0]
    if not comma or not head.lower().endswith(";base64"):
        raise file.mistake("file_data", "must be a base64 data URL")
    if media_type == "application/pdf":
        source = {"type": "base64", "media_type": media_type, "data": data}
    elif media_type.startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": _decoded(file, data)}
    else:
        raise file.mistake("file_data", f"{media_type[:40]!r} is neither PDF nor text", code="unsupported_value")
    return {"type": "document", "source": source} | ({"title": name} if name else {})


def _joined(holder: Fields, key: str) -> str:
    texts = [block.text("text") for block in holder.blocks(key) if block.text("type") == "text"]
    return "\n\n".join(text for text in texts if text)


def _decoded(file: Fields, data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError as error:
        raise file.mistake("file_data", "is not base64 of UTF-8 text") from error
