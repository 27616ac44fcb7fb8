"""What Google's programs make of a stream: the judges of our Gemini encoder, written after the programs themselves."""

import re
from collections.abc import Iterable

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.read import objs, string

_LINE = re.compile(r"^\s*data: (.*)(?:\n\n|\r\r|\r\n\r\n)")  # of @google/genai, up to 1.30 at least


class StreamRefused(Exception):
    """What the JavaScript SDK throws."""


def sdk_responses(chunks: Iterable[bytes]) -> list[Json]:
    """The responses that @google/genai reads from server-sent events. Raises StreamRefused like it."""
    responses: list[Json] = []
    buffer = ""
    for chunk in chunks:
        text = chunk.decode()
        if text.startswith('{"error"'):
            raise StreamRefused(loads(chunk)["error"]["status"])
        buffer += text
        while found := _LINE.match(buffer):
            responses.append(loads(found[1].encode()))
            buffer = buffer[found.end() :]
    if buffer.strip():
        raise StreamRefused("Incomplete JSON segment at the end")
    return responses


def array_responses(stream: bytes) -> list[Json]:
    """The responses in a stream without `alt=sse`, which is one JSON array."""
    return objs(loads(stream))


def put_together(responses: list[Json]) -> Json:
    """One response made of many, as programs keep it: texts of one kind joined, empty ones dropped, the rest from the last."""
    parts: list[Json] = []
    merged: Json = {}
    for response in responses:
        merged |= response
        [candidate] = response["candidates"]
        assert candidate["content"]["role"] == "model"
        assert candidate["content"]["parts"], "a chunk without parts is a defect to google-genai for Python"
        for part in candidate["content"]["parts"]:
            _add(parts, part)
    [last] = merged["candidates"]
    return merged | {"candidates": [last | {"content": {"parts": parts, "role": "model"}}]}


def _add(parts: list[Json], part: Json) -> None:
    is_text = set(part) <= {"text", "thought"}
    if is_text and not string(part["text"]):
        return
    last = parts[-1] if parts else {}
    if is_text and "text" in last and last.get("thought") == part.get("thought"):
        parts[-1] = last | {"text": last["text"] + part["text"]}
    else:
        parts.append(part)


def without_nothing(answer: Json) -> Json:
    """A whole answer, without the empty text that stands for no content."""
    return put_together([answer])
