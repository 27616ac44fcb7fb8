"""Server-sent events, as a stream of frames that remember their exact bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from copilot_api.errors import UpstreamBroke

# One frame may hold a whole image; past this it is not an answer but an attack or a defect.
FRAME_LIMIT_BYTES = 64 * 1024 * 1024

_BLANK_LINE = re.compile(rb"\n\r?\n")
_CARRIAGE_RETURN = ord("\r")
# What nearly every frame is: read by one call, where the lines one by one would take twenty.
_USUAL = re.compile(rb"(?:event: ?(.*)\n)?data: ?(.*)\n\n").fullmatch


@dataclass(frozen=True, slots=True)
class Sse:
    """One frame: `data` lines joined by a newline, the `event` name or "", and `raw`, the bytes it came as.

    A comment or a blank line is a frame without data: there is nothing to read in it, but its bytes are passed on.
    """

    data: bytes
    event: str
    raw: bytes


class SseDecoder:
    """Cuts bytes into frames, however they are chunked. The `raw` of all frames joined are the bytes fed."""

    def __init__(self) -> None:
        self._rest = b""
        self._searched = 0

    def feed(self, chunk: bytes) -> Iterator[Sse]:
        """The frames that `chunk` completes. Raises UpstreamBroke when one frame grows past the limit."""
        rest = self._rest + chunk
        start = 0
        # A blank line may straddle two chunks, so the search begins two bytes before the new ones.
        for end in _BLANK_LINE.finditer(rest, max(0, self._searched - 2)):
            yield _frame(rest[start : end.end()])
            start = end.end()
        self._rest = rest[start:]
        self._searched = len(self._rest)
        if self._searched > FRAME_LIMIT_BYTES:
            raise UpstreamBroke("Copilot sent one event of more than 64 MiB")

    def close(self) -> Iterator[Sse]:
        """The frame that lacked only its blank line when the bytes ended, if any."""
        rest, self._rest, self._searched = self._rest, b"", 0
        if rest:
            yield _frame(rest)


def _frame(raw: bytes) -> Sse:
    usual = None if _CARRIAGE_RETURN in raw else _USUAL(raw)
    if usual is None:
        return _line_by_line(raw)
    event = usual[1]
    return Sse(usual[2], str(event, "utf-8", "replace") if event else "", raw)


def _line_by_line(raw: bytes) -> Sse:
    data: list[bytes] = []
    event = b""
    for line in raw.split(b"\n"):
        name, _, value = line.rstrip(b"\r").partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            event = value.removeprefix(b" ")
    return Sse(b"\n".join(data), event.decode("utf-8", "replace"), raw)


def encode(data: bytes, event: str = "") -> bytes:
    """One frame. `data` must hold no newline, which JSON never does."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data) if event else b"data: %b\n\n" % data


def comment(text: str) -> bytes:
    """A frame that every reader skips: what keeps an idle OpenAI stream alive."""
    return b": %b\n\n" % text.encode()
