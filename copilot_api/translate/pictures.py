"""The pictures in a request, whichever dialect it is in: found, looked at, exchanged where they stand.

Shapes: client-apis.md §1 to §3; Gemini's `Part`. What holds no picture to exchange stays the same object.
"""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, string
from copilot_api.translate import notes

MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""What models see."""

_LISTS = ("messages", "input", "contents")
_INSIDE = ("content", "parts", "output")
_DATA_URL = re.compile(r"data:([^;,]*)(?:;[^,]*)?;base64,", re.IGNORECASE)
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
)
_SNIFFED_CHARACTERS = 16  # twelve bytes tell all four kinds apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture: base64 `data` of the `media_type` that the client says, or else the http(s) `url` where it lies."""

    media_type: str = ""
    data: str = ""
    url: str = ""


Mend = Callable[[Picture], Picture | None]


def exchanged(body: Json, mend: Mend) -> Json:
    """`body` with what `mend` gives for each of its pictures, oldest first; None leaves a note in its place."""
    for key in _LISTS:
        body = _in_list(body, key, mend)
    return body


def found_in(body: Json) -> Iterator[Picture]:
    """The pictures of a request, oldest first."""
    found: list[Picture] = []

    def look(picture: Picture) -> Picture:
        found.append(picture)
        return picture

    exchanged(body, look)
    yield from found


def sniff(data: str) -> str | None:
    """The media type that base64 `data` begins like; None for anything that models do not see."""
    try:
        return kind_of(base64.b64decode(data[:_SNIFFED_CHARACTERS], validate=True))
    except ValueError:
        return None


def kind_of(first: bytes) -> str | None:
    """The media type of a picture that begins with these bytes, of which there should be twelve."""
    if first[:4] == b"RIFF" and first[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for beginning, media_type in _BEGINNINGS if first.startswith(beginning)), None)


def _in_list(holder: Json, key: str, mend: Mend) -> Json:
    items = holder.get(key)
    if not isinstance(items, list):
        return holder
    after = [_in_item(item, mend) if isinstance(item, dict) else item for item in items]
    return holder if all(new is old for new, old in zip(after, items, strict=True)) else holder | {key: after}


def _in_item(item: Json, mend: Mend) -> Json:
    picture = _read(item)
    if picture is not None:
        after = mend(picture)
        return item if after is picture else _written(item, after)
    for key in _INSIDE:
        item = _in_list(item, key, mend)
    response = item.get("functionResponse")
    if isinstance(response, dict) and (inner := _in_list(response, "parts", mend)) is not response:
        return item | {"functionResponse": inner}
    return item


def _read(part: Json) -> Picture | None:
    match part.get("type"):
        case "image":
            source = obj(part.get("source"))
            if source.get("type") == "base64":
                return Picture(media_type=string(source.get("media_type")), data=string(source.get("data")))
            return _at(source.get("url")) if source.get("type") == "url" else None
        case "image_url" | "input_image":
            return _at(_url(part))
        case _:
            return _gemini(part)


def _gemini(part: Json) -> Picture | None:
    inline, file = obj(part.get("inlineData")), obj(part.get("fileData"))
    if string(inline.get("mimeType")).startswith("image/"):
        return Picture(media_type=string(inline.get("mimeType")), data=string(inline.get("data")))
    is_picture = string(file.get("mimeType")).startswith("image/")
    return _at(file.get("fileUri")) if is_picture else None


def _url(part: Json) -> Any:
    """Chat has the URL in an object, Responses has it plain, and some clients mix that up."""
    holder = part.get("image_url")
    return holder.get("url") if isinstance(holder, dict) else holder


def _at(url: Any) -> Picture | None:
    if not isinstance(url, str):
        return None
    if url[:8].lower().startswith(("http://", "https://")):
        return Picture(url=url)
    found = _DATA_URL.match(url)
    return Picture(media_type=found[1].lower(), data=url[found.end() :]) if found else None


def _written(part: Json, picture: Picture | None) -> Json:
    """The part with another picture in it; or the note that there was one, in the words of the part's dialect."""
    kind = part.get("type")
    if picture is None:
        words = {"text": notes.IMAGE_OMITTED}
        return words if kind is None else {"type": "input_text" if kind == "input_image" else "text"} | words
    inline = {"media_type": picture.media_type, "data": picture.data}
    url = f"data:{picture.media_type};base64,{picture.data}"
    match kind:
        case "image":
            return part | {"source": {"type": "base64"} | inline}
        case "image_url" | "input_image":
            holder = part.get("image_url")
            return part | {"image_url": holder | {"url": url} if isinstance(holder, dict) else url}
        case _:
            rest = {key: value for key, value in part.items() if key not in {"inlineData", "fileData"}}
            return rest | {"inlineData": {"mimeType": picture.media_type, "data": picture.data}}
