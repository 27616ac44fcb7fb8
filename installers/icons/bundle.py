"""Draws the tray's icons into the file that the program carries: `python -m installers.icons.bundle`.

What is in it is the same on every machine, and a test compares it with what is drawn now; how tightly it is packed may differ.
"""

import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import FILE, LENGTH, SIZES, TEMPLATE_SIZES
from installers.icons import draw, faces


def bundle() -> bytes:
    """The whole file."""
    parts = (part for face in Face for part in (_colour(face), _template(face)))
    return b"".join(LENGTH.pack(len(part)) + part for part in parts)


def _colour(face: Face) -> bytes:
    return _packed(argb(draw.image(size, faces.tile(face, size))) for size in SIZES)


def _template(face: Face) -> bytes:
    return _packed(draw.image(size, faces.template(face, size)).getchannel("A").tobytes() for size in TEMPLATE_SIZES)


def argb(picture: Image.Image) -> bytes:
    """The pixels as the tray's protocol wants them."""
    red, green, blue, cover = picture.split()
    return Image.merge("RGBA", (cover, red, green, blue)).tobytes()


def _packed(pictures: Iterator[bytes]) -> bytes:
    return zlib.compress(b"".join(pictures), 9)


def main(target: Path = FILE) -> int:
    """Writes the file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(bundle())
    print(f"{target.name}: {len(Face)} faces, {target.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 1:
        raise SystemExit(__doc__)
    raise SystemExit(main())
