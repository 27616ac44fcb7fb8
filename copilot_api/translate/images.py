"""Pictures: Anthropic's sources and OpenAI's URLs. Rules: translation.md §1.3."""

import re
from collections.abc import Iterable

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import notes
from copilot_api.translate.fields import Fields
from copilot_api.translate.pictures import MEDIA_TYPES, sniff

_PICTURES = frozenset({"image", "image_url"})
_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^,]*)?;base64,", re.IGNORECASE)


def url_of(image: Fields) -> str:
    """The URL for an Anthropic image block: a data URL, or the client's own. Raises ClientMistake for uploaded files."""
    source = image.object("source")
    match kind := source.text("type"):
        case "base64":
            data = source.required_text("data")
            return f"data:{_media_type(source, data, source.text('media_type'))};base64,{data}"
        case "url":
            return source.required_text("url")
        case _:
            raise source.mistake("type", f"an image from {kind[:40]!r} cannot be sent; use base64", code="unsupported_value")


def source_of(holder: Fields, key: str = "url") -> Json:
    """The Anthropic source for the URL at `key` of an OpenAI part. Raises ClientMistake for what is no picture."""
    url = holder.required_text(key)
    if url.lower().startswith(("http://", "https://")):
        return {"type": "url", "url": url}
    found = _DATA_URL.match(url)
    if not found or len(url) == found.end():
        raise holder.mistake(key, "must be an http(s) URL or a base64 data URL")
    data = url[found.end() :]
    return {"type": "base64", "media_type": _media_type(holder, data, found[1].lower()), "data": data}


def limit(model: Model) -> int | None:
    """How many pictures a request to `model` may hold. The catalog's numbers are wrong; these are VS Code's.

    Anthropic's own API takes more than 20 when none has a side over 2000 px (tokens.md §5), but nobody has seen Copilot do so,
    and VS Code drops the oldest (translation.md §5). Within 20 that limit of pixels never comes to bear.
    """
    return 20 if model.is_claude else 10 if model.is_gemini else None


def omit_oldest(contents: Iterable[list[Json]], *, most: int | None) -> bool:
    """Puts a note in place of all but the `most` newest pictures in these lists; returns whether there were too many."""
    places = [
        (content, at) for content in contents for at, part in enumerate(content) if part["type"] in {"image", "image_url"}
    ]
    surplus = [] if most is None else places[: max(0, len(places) - most)]
    for content, at in surplus:
        content[at] = {"type": "text", "text": notes.IMAGE_OMITTED}
    return bool(surplus)


def _media_type(holder: Fields, data: str, declared: str) -> str:
    """The picture's real type: clients often say PNG whatever it is, and Anthropic refuses a type that does not match."""
    media_type = sniff(data) or declared
    if media_type not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise holder.mistake("media_type", f"{declared[:40]!r} is not a picture that models see; they see {known}")
    return media_type
