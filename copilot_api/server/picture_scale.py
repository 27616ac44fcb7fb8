"""Pictures made as small as a model takes them. The only door to Pillow, without which pictures go up as they are.

Pillow is an extra (`images`): with its libraries it is a third of the size of everything else together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 100_000_000
"""A small file can unpack to a picture that fills the memory."""

LEAST_SIDE = 64
_STEP = 0.75
_QUALITIES = (90, 75)
_WITH_ALPHA = frozenset({"RGBA", "LA", "PA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model takes of one picture; None is no limit that anybody knows."""

    most_bytes: int | None
    longest_side: int | None
    media_types: tuple[str, ...]


class Unscalable(Exception):
    """The picture cannot be read, or not be made small enough."""


def is_possible() -> bool:
    """Whether Pillow is installed."""
    return find_spec("PIL") is not None


def scale(data: bytes, limits: Limits) -> tuple[str, bytes]:
    """Media type and bytes of the picture within `limits`; of a moving one, its beginning. Blocking. Raises Unscalable.

    The same picture always gives the same bytes, as the prompt cache wants it.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(data)) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Unscalable("too many pixels")
            return _scaled(_upright(opened), limits, is_lossless=opened.format in {"PNG", "GIF", "BMP"})
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Unscalable("not readable") from error


def _upright(opened: "Image") -> "Image":
    """The picture as it is meant to be seen: cameras say in a note which side is up, and the note is lost here."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(opened)
    has_alpha = image.mode in _WITH_ALPHA or "transparency" in image.info
    return image.convert("RGBA" if has_alpha else "RGB")


def _scaled(image: "Image", limits: Limits, *, is_lossless: bool) -> tuple[str, bytes]:
    side = min(max(image.size), limits.longest_side or max(image.size))
    while side >= min(LEAST_SIDE, max(image.size)):
        smaller = _fitted(image, side)
        for media_type, written in _written(smaller, limits.media_types, is_lossless=is_lossless):
            if limits.most_bytes is None or len(written) <= limits.most_bytes:
                return media_type, written
        side = int(side * _STEP)
    raise Unscalable("not small enough")


def _fitted(image: "Image", side: int) -> "Image":
    """`image` with no side longer than `side`."""
    from PIL import Image

    if max(image.size) <= side:
        return image
    factor = side / max(image.size)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))), Image.Resampling.LANCZOS)


def _written(image: "Image", media_types: tuple[str, ...], *, is_lossless: bool) -> Iterator[tuple[str, bytes]]:
    """The picture as files, best first: drawings and what is transparent stay sharp if that is small enough."""
    as_png = "image/png" in media_types
    if as_png and (is_lossless or image.mode == "RGBA" or "image/jpeg" not in media_types):
        yield "image/png", _file(image, "PNG", optimize=True)
    if "image/jpeg" in media_types:
        flat = _on_white(image)
        yield from (("image/jpeg", _file(flat, "JPEG", quality=quality, optimize=True)) for quality in _QUALITIES)


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if image.mode == "RGB":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _file(image: "Image", format_: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()
