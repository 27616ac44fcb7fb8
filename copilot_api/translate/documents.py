"""Documents and search results: text where the other dialect has no place for them. Rules: translation.md §1.3."""

import base64
from dataclasses import dataclass

from copilot_api.dialects.codec import Json
from copilot_api.translate.fields import Fields

PDF = "application/pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document as its `text`, or else as a PDF, which is here in base64 or at a `url`."""

    title: str = ""
    text: str | None = None
    pdf: str = ""
    url: str = ""

    @property
    def words(self) -> str:
        """Title and text, for where a document has to be a text."""
        return "\n".join(part for part in (self.title, self.text) if part)


def of_block(block: Fields) -> Document:
    """An Anthropic document. Raises ClientMistake for an uploaded file, which is not there to be read."""
    source = block.object("source")
    title = block.text("title")
    match kind := source.text("type"):
        case "text":
            source.take("media_type")
            body = source.text("data")
        case "content":
            body = _joined(source, "content")
        case "base64":
            source.take("media_type")  # no other type is allowed
            return Document(title=title, pdf=source.required_text("data"))
        case "url":
            return Document(title=title, url=source.required_text("url"))
        case _:
            raise source.mistake("type", f"a document from {kind[:40]!r} cannot be sent", code="unsupported_value")
    return Document(title=title, text="\n".join(part for part in (block.text("context"), body) if part))


def of_file(file: Fields) -> Document:
    """The `file` of an OpenAI part. Raises ClientMistake for anything but PDF and text."""
    if "file_id" in file:
        raise file.mistake("file_id", "files are not kept on this server; send file_data", code="unsupported_value")
    name = file.text("filename")
    if "file_url" in file:
        return Document(title=name, url=file.required_text("file_url"))
    data_url = file.required_text("file_data")
    head, comma, data = data_url.partition(",")
    media_type = head.lower().removeprefix("data:").split(";")[0]
    if not comma or not head.lower().endswith(";base64"):
        raise file.mistake("file_data", "must be a base64 data URL")
    if media_type == PDF:
        return Document(title=name, pdf=data)
    if media_type.startswith("text/"):
        return Document(title=name, text=_decoded(file, data))
    raise file.mistake("file_data", f"{media_type[:40]!r} is neither PDF nor text", code="unsupported_value")


def for_messages(document: Document) -> Json:
    """The document as Anthropic takes it."""
    if document.text is not None:
        source: Json = {"type": "text", "media_type": "text/plain", "data": document.text}
    elif document.pdf:
        source = {"type": "base64", "media_type": PDF, "data": document.pdf}
    else:
        source = {"type": "url", "url": document.url}
    return {"type": "document", "source": source} | ({"title": document.title} if document.title else {})


def for_responses(document: Document) -> Json:
    """A PDF that is here as Responses takes it: with a name."""
    title = document.title or "document"
    name = title if title.lower().endswith(".pdf") else f"{title}.pdf"
    return {"type": "input_file", "filename": name, "file_data": f"data:{PDF};base64,{document.pdf}"}


def search_result(block: Fields) -> str:
    """An Anthropic search result as text: title, source, what was found."""
    parts = (block.text("title"), block.text("source"), _joined(block, "content"))
    return "\n".join(part for part in parts if part)


def _joined(holder: Fields, key: str) -> str:
    texts = [block.text("text") for block in holder.blocks(key) if block.text("type") == "text"]
    return "\n\n".join(text for text in texts if text)


def _decoded(file: Fields, data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError as error:
        raise file.mistake("file_data", "is not base64 of UTF-8 text") from error
