"""Repairs of the pictures in a request, for every endpoint. Sources: translation.md §1.3, §5; copilot-upstream §2.1."""

from dataclasses import replace

from copilot_api.dialects.codec import Json
from copilot_api.translate import images
from copilot_api.translate.pictures import MEDIA_TYPES, Picture, exchanged, found_in, sniff
from copilot_api.translate.repair import Repair, Target


def limited(body: Json, target: Target) -> Json:
    """More pictures than a model takes: the newest stay, and a note stands in for each of the others."""
    most = images.limit(target.model)
    surplus = 0 if most is None else sum(1 for _ in found_in(body)) - most
    if surplus <= 0:
        return body

    def omit(picture: Picture) -> Picture | None:
        nonlocal surplus
        surplus -= 1
        return picture if surplus < 0 else None

    return exchanged(body, omit)


def typed(body: Json, _target: Target) -> Json:
    """Clients often say PNG whatever it is, and a type that does not match is refused."""
    return exchanged(body, _typed)


def _typed(picture: Picture) -> Picture:
    real = sniff(picture.data) if picture.data else None
    return picture if real not in MEDIA_TYPES or real == picture.media_type else replace(picture, media_type=real)


LIMITED = Repair(
    name="images-limited",
    when="there are over 20 pictures for Claude, or over 10 for Gemini",
    does="puts a note in place of the oldest",
    source="translation §5",
    mend=limited,
)
TYPED = Repair(
    name="image-types-corrected",
    when="a picture is not of the type that the client says",
    does="says the type that it begins like",
    source="translation §1.3",
    mend=typed,
)
