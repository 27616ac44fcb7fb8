"""What pictures and files cost, by whose model reads them. Source: tokens.md §4, §5."""

from collections.abc import Iterable
from math import ceil, isqrt

from copilot_api.dialects.models import Model
from copilot_api.tokens import openai_images, sizes
from copilot_api.tokens.prompt import Document, Image
from copilot_api.tokens.sizes import Size

UNKNOWN = 1600
"""A picture whose size cannot be told: a URL, a file id, a format or damage we cannot read."""

NEWER_CLAUDE = (4, 7)
"""From this version on Claude sees larger pictures, and has another tokenizer."""

_CLAUDE_PATCH_PX = 28
_CLAUDE_LIMITS = {False: (1568, 1568), True: (2576, 4784)}  # newer or not: long edge in px, tokens
# About one page of text and its picture (tokens.md §5), for a file that is not at hand.
_UNSEEN_DOCUMENT = 3000


def tokens(images: Iterable[Image], model: Model) -> int:
    """Tokens of all `images` on `model`."""
    return sum(_one(image, model) for image in images)


def _one(image: Image, model: Model) -> int:
    size = sizes.of_base64(image.data)
    if size is None:
        return UNKNOWN
    if model.is_claude:
        return on_claude(size, is_newer=model.claude_version >= NEWER_CLAUDE)
    if model.is_gemini:
        return on_gemini(size)
    return openai_images.tokens(size, image.detail, model.id)


def on_claude(size: Size, *, is_newer: bool) -> int:
    """Patches of 28 px after scaling down."""
    return _patches(claude_size(size, is_newer=is_newer))


def claude_size(size: Size, *, is_newer: bool) -> Size:
    """What Claude scales a picture down to: the largest of its shape that keeps both limits."""
    edge, budget = _CLAUDE_LIMITS[is_newer]
    long, short = max(size), min(size)
    # No picture of this shape with a longer edge has few enough patches.
    highest = isqrt(budget * _CLAUDE_PATCH_PX**2 * long // short) + 1
    candidates = ((length, max(1, round(short * length / long))) for length in range(min(long, edge, highest), 0, -1))
    scaled = next(candidate for candidate in candidates if _patches(candidate) <= budget)
    return scaled if size[0] >= size[1] else (scaled[1], scaled[0])


def on_gemini(size: Size) -> int:
    """258 tokens for each tile of 768 px, one for a picture of at most 384 px."""
    width, height = size
    return 258 if max(size) <= 384 else 258 * ceil(width / 768) * ceil(height / 768)


def in_document(document: Document) -> int:
    """VS Code's rule for a PDF: a token for every eight bytes."""
    return opaque(document.base64_chars, per_token=8) if document.base64_chars else _UNSEEN_DOCUMENT


def opaque(base64_chars: int, *, per_token: int) -> int:
    """Tokens of base64 that holds something else than a picture, at so many bytes a token."""
    return ceil(base64_chars * 3 // 4 / per_token)


def _patches(size: Size) -> int:
    return ceil(size[0] / _CLAUDE_PATCH_PX) * ceil(size[1] / _CLAUDE_PATCH_PX)
