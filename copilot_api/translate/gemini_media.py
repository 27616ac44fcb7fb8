"""Pictures and documents in the parts of a Gemini request. Rules: translation.md §1.3."""

import base64

from copilot_api.translate import images
from copilot_api.translate.documents import PDF, Document
from copilot_api.translate.fields import Fields

# What a model reads as text, besides all that is called text.
_TEXTS = ("text/", "application/json", "application/xml", "application/yaml", "application/javascript")


def inline(blob: Fields) -> Fields | Document:
    """The `inlineData` of a part: a picture as an object with its `url`, or a document. Raises ClientMistake for the rest."""
    kind = blob.required_text("mimeType").lower().partition(";")[0].strip()
    name = blob.text("displayName")
    # Python's SDK writes base64 in its other alphabet.
    data = blob.required_text("data").replace("-", "+").replace("_", "/")
    if kind.startswith("image/"):
        source = {"source": {"type": "base64", "media_type": kind, "data": data}}
        return Fields({"url": images.url_of(Fields(source, blob.path))}, blob.path)
    if kind == PDF:
        return Document(title=name, pdf=data)
    if kind.startswith(_TEXTS):
        return Document(title=name, text=_decoded(blob, data))
    raise blob.mistake("mimeType", f"{kind[:40]!r} cannot be sent through Copilot", code="unsupported_value")


def elsewhere(file: Fields) -> Fields | Document:
    """The `fileData` of a part, like `inline`: what a model can be shown of the web, but no file that Google keeps."""
    kind, address = file.text("mimeType").lower(), file.required_text("fileUri")
    name = file.text("displayName")
    if address.lower().startswith(("http://", "https://")):
        if kind.startswith("image/"):
            return Fields({"url": address}, file.path)
        if kind == PDF:
            return Document(title=name, url=address)
    raise file.mistake("fileUri", "files are not kept on this server; send inlineData", code="unsupported_value")


def _decoded(blob: Fields, data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError as error:
        raise blob.mistake("data", "is not base64 of UTF-8 text") from error
