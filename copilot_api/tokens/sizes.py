"""Width and height of a picture from its first bytes, without a decoder: PNG, GIF, JPEG, WebP."""

import binascii
import struct
from collections.abc import Callable

Size = tuple[int, int]

# Enough for every header but a JPEG's that follows large metadata.
_HEAD_CHARS = 64 * 1024
# Start of frame: the markers C0 to CF without DHT, JPG and DAC, which share the range.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


def of_base64(data: str) -> Size | None:
    """Of a picture in base64; None if it is none of the four, or broken before its size is told."""
    size = of_bytes(_decoded(data[:_HEAD_CHARS]))
    if size is None and len(data) > _HEAD_CHARS and data.startswith("/9j"):  # a JPEG
        size = of_bytes(_decoded(data))
    return size


def of_bytes(data: bytes) -> Size | None:
    """Of a picture; `data` may end after the header."""
    for magic, read in _FORMATS:
        if data.startswith(magic):
            try:
                size = read(data)
            except (struct.error, IndexError):
                return None
            return size if size and all(size) else None
    return None


def _decoded(data: str) -> bytes:
    text = "".join(data.split())
    try:
        return binascii.a2b_base64(text[: len(text) // 4 * 4])
    except ValueError:
        return b""


def _png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> Size:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _jpeg(data: bytes) -> Size | None:
    at = 2
    while True:
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]


def _webp(data: bytes) -> Size | None:
    match data[8:16]:
        case b"WEBPVP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"WEBPVP8L":
            bits = struct.unpack_from("<I", data, 21)[0]
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"WEBPVP8X":
            return (struct.unpack_from("<I", data, 24)[0] & 0xFFFFFF) + 1, (struct.unpack_from("<I", data, 26)[0] >> 8) + 1
        case _:
            return None


_FORMATS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"\xff\xd8", _jpeg),
    (b"RIFF", _webp),
)
