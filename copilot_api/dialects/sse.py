"""Server-sent events, as a stream of frames that remember their exact bytes."""

import re
from dataclasses import dataclass
from typing import Final

from copilot_api.errors import UpstreamBroke

# One frame may hold a whole image; past this it is not an answer but an attack or a defect.
FRAME_LIMIT_BYTES = 32 * 1024 * 1024

_BLANK_LINE = re.compile(rb"\n\r?\n")
# As numbers, because bytes look for bytes in themselves only after they have failed to take them for a number.
_NEWLINE, _RETURN = b"\n\r"


@dataclass(slots=True)
class Sse:
    """One frame: `data` lines joined by a newline, the `event` name or "", and `raw`, the bytes it came as.

    A comment or a blank line is a frame without data: there is nothing to read in it, but its bytes are passed on.
    Its fields are final and not frozen, like those of the events that come by the thousand (see `events`).
    """

    data: Final[bytes]
    event: Final[str]
    raw: Final[bytes]


class SseDecoder:
    """Cuts bytes into frames, however they are chunked. The `raw` of all frames joined are the bytes fed."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.held_bytes = 0
        """How much there is of a frame that is not complete yet."""

    def feed(self, chunk: bytes) -> list[Sse]:
        """The frames that `chunk` completes. Raises UpstreamBroke when one frame grows past the limit."""
        begin = 0
        rest = chunk
        if self._pieces:
            if not _BLANK_LINE.search(self._end() + chunk):
                self._hold(chunk)
                return []
            # A blank line may straddle two chunks, so the search begins before the new ones.
            begin = max(0, self.held_bytes - 2)
            rest = b"".join([*self._pieces, chunk])
            self._pieces, self.held_bytes = [], 0
        frames: list[Sse] = []
        if _RETURN in rest:
            start = 0
            for end in _BLANK_LINE.finditer(rest, begin):
                frames.append(_line_by_line(rest[start : end.end()]))
                start = end.end()
            rest = rest[start:]
        elif rest.find(b"\n\n", begin) >= 0:
            *pieces, rest = rest.split(b"\n\n")
            frames = [_frame(piece) for piece in pieces]
        if rest:
            self._hold(rest)
        return frames

    def close(self) -> list[Sse]:
        """The frame that lacked only its blank line when the bytes ended, if any."""
        rest, self._pieces, self.held_bytes = b"".join(self._pieces), [], 0
        return [_line_by_line(rest)] if rest else []

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self.held_bytes += len(piece)
        if self.held_bytes > FRAME_LIMIT_BYTES:
            raise UpstreamBroke("Copilot sent one event of more than 32 MiB")

    def _end(self) -> bytes:
        """The last two bytes held; pieces may be of one byte each."""
        return b"".join(self._pieces[-2:])[-2:]


def _frame(lines: bytes) -> Sse:
    """The frame of `lines`, nearly always one of data and perhaps an event before it: no need to look at each."""
    raw = lines + b"\n\n"
    if lines.startswith(b"data: ") and _NEWLINE not in lines:
        return Sse(lines[6:], "", raw)
    if lines.startswith(b"event: "):
        name, _, data = lines[7:].partition(b"\ndata: ")
        if data and _NEWLINE not in data and _NEWLINE not in name:
            return Sse(data, str(name, "utf-8", "replace"), raw)
    return _line_by_line(raw)


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
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n" if event else b"data: " + data + b"\n\n"


def comment(text: str) -> bytes:
    """A frame that every reader skips: what keeps an idle OpenAI stream alive."""
    return b": %b\n\n" % text.encode()
