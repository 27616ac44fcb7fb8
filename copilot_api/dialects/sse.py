"""Server-sent events, as a stream of frames that remember their exact bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from copilot_api.errors import UpstreamBroke

# One frame may hold a whole image; past this it is not an answer but an attack or a defect.
FRAME_LIMIT_BYTES = 32 * 1024 * 1024

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
        self._pieces: list[bytes] = []
        self.held_bytes = 0
        """How much there is of a frame that is not complete yet."""

    def feed(self, chunk: bytes) -> Iterator[Sse]:
        """The frames that `chunk` completes. Raises UpstreamBroke when one frame grows past the limit."""
        if self._pieces and not _BLANK_LINE.search(self._end() + chunk):
            self._hold(chunk)
            return
        # A blank line may straddle two chunks, so the search begins two bytes before the new ones.
        searched = max(0, self.held_bytes - 2)
        rest = b"".join([*self._pieces, chunk]) if self._pieces else chunk
        self._pieces, self.held_bytes = [], 0
        start = 0
        for end in _BLANK_LINE.finditer(rest, searched):
            yield _frame(rest[start : end.end()])
            start = end.end()
        if start < len(rest):
            self._hold(rest[start:])

    def close(self) -> Iterator[Sse]:
        """The frame that lacked only its blank line when the bytes ended, if any."""
        rest, self._pieces, self.held_bytes = b"".join(self._pieces), [], 0
        if rest:
            yield _frame(rest)

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.held_bytes += len(piece)
        if self.held_bytes > FRAME_LIMIT_BYTES:
            raise UpstreamBroke("Copilot sent one event of more than 32 MiB")

    def _end(self) -> bytes:
        """The last two bytes held; pieces may be of one byte each."""
        return b"".join(self._pieces[-2:])[-2:]


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
