"""Pictures made on the spot, as files of any kind and size."""

import base64
from io import BytesIO
from typing import Any

from PIL import Image


def painted(width: int, height: int, format_: str = "PNG", *, mode: str = "RGB", noisy: bool = False, **options: Any) -> bytes:
    """A picture as a file. A `noisy` one does not compress, as photographs do not."""
    plain = Image.new(mode, (width, height), "teal")
    image = Image.effect_noise((width, height), 90).convert(mode) if noisy else plain
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """The picture in a file."""
    return Image.open(BytesIO(data))


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()
