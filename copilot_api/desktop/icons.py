"""The pictures of the icon, drawn beforehand, so that nothing that draws has to be there when the program runs.

The file is written by `python -m installers.icons.bundle` and holds two parts for each face, in the order of `Face`: its pixels
in each of SIZES, and what is seen of its black template for macOS in each of TEMPLATE_SIZES. Each part is compressed on its own
and stands after its length.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from copilot_api.desktop.face import Face

FILE = Path(__file__).parent / "data" / "faces.pixels"

SIZES = (16, 20, 22, 24, 32, 48, 64)
"""Pixels of what bars ask for: Linux 16, 22, 24 and 32, Windows 16, 20 and 24, and twice that on finer screens."""

TEMPLATE_SIZES = (18, 36)
"""macOS: 18 points, and the same on a Retina screen."""

LENGTH = struct.Struct(">I")


class Icons:
    """Reads the file once; what is asked for is unpacked each time, which takes a third of a millisecond."""

    def __init__(self) -> None:
        data = FILE.read_bytes()
        self._parts = dict(zip(_order(), _split(data), strict=True))

    def argb(self, face: Face) -> dict[int, bytes]:
        """The pixels by size, row by row, each of four bytes: cover, red, green, blue."""
        return _by_size(zlib.decompress(self._parts[face, "colour"]), SIZES, bytes_per_pixel=4)

    def template(self, face: Face) -> dict[int, bytes]:
        """The cover of each pixel by size, for macOS, which colours it itself."""
        return _by_size(zlib.decompress(self._parts[face, "template"]), TEMPLATE_SIZES, bytes_per_pixel=1)


def _order() -> Iterator[tuple[Face, str]]:
    for face in Face:
        yield face, "colour"
        yield face, "template"


def _split(data: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(data):
        [length] = LENGTH.unpack_from(data, place)
        place += LENGTH.size
        yield data[place : place + length]
        place += length


def _by_size(pixels: bytes, sizes: tuple[int, ...], *, bytes_per_pixel: int) -> dict[int, bytes]:
    found = {}
    for size in sizes:
        length = size * size * bytes_per_pixel
        found[size], pixels = pixels[:length], pixels[length:]
    return found


def png(size: int, cover: bytes) -> bytes:
    """A black picture with that cover as a PNG, which is what macOS reads."""
    pixels = bytearray(2 * size * size)  # grey and cover, each one byte
    pixels[1::2] = cover
    # Each row begins with the kind of its filter, 0.
    rows = b"".join(b"\0" + pixels[start : start + 2 * size] for start in range(0, len(pixels), 2 * size))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 4, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        LENGTH.pack(len(body)) + name + body + LENGTH.pack(zlib.crc32(name + body)) for name, body in chunks
    )


def dib(size: int, argb: bytes) -> bytes:
    """A picture as it stands inside an .ico: a bitmap from the bottom up with blue, green, red and cover, and an empty mask."""
    pixels = bytearray(len(argb))
    for place in range(4):
        pixels[place::4] = argb[3 - place :: 4]
    rows = b"".join(pixels[start : start + 4 * size] for start in reversed(range(0, len(pixels), 4 * size)))
    mask = bytes((size + 31) // 32 * 4 * size)
    head = struct.pack("<IiiHHIIiiII", 40, size, 2 * size, 1, 32, 0, len(rows) + len(mask), 0, 0, 0, 0)
    return head + rows + mask
