"""The icon's geometry stays on its square and can be seen on any ground."""

import pytest

from installers.icons import draw, shape
from installers.icons.shape import Arc, Dot, Line, Patch, Shape, Stroke, Tile


def edges(of: Shape) -> tuple[float, float, float, float]:
    match of:
        case Tile():
            return of.x, of.y, of.x + of.side, of.y + of.side
        case Dot():
            return of.x - of.radius, of.y - of.radius, of.x + of.radius, of.y + of.radius
        case Arc():
            outer = of.radius + of.width / 2
            return of.x - outer, of.y - outer, of.x + outer, of.y + outer
        case Line():
            return of.x - of.width / 2, of.y - of.width / 2, of.end + of.width / 2, of.y + of.width / 2
        case Stroke():
            return _around((of.start, of.end), of.width / 2)
        case Patch():
            return _around(of.corners, 0)


def _around(points: tuple[tuple[float, float], ...], by: float) -> tuple[float, float, float, float]:
    across, down = zip(*points, strict=True)
    return min(across) - by, min(down) - by, max(across) + by, max(down) + by


def brightness(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = (part / 255 for part in bytes.fromhex(colour.removeprefix("#")))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("size", draw.SIZES)
def test_everything_lies_on_the_tile(size: int) -> None:
    tile, *rest = (edges(each) for each in shape.shapes(size))
    for left, top, right, bottom in rest:
        assert tile[0] < left < right < tile[2]
        assert tile[1] < top < bottom < tile[3]


@pytest.mark.parametrize("size", [16, 22, 24])
def test_small_pictures_have_their_line_on_whole_pixels(size: int) -> None:
    line = next(each for each in shape.shapes(size) if isinstance(each, Line))
    pixel = shape.UNITS / size
    for edge in (line.y - line.width / 2, line.y + line.width / 2):
        assert edge / pixel == pytest.approx(round(edge / pixel))


@pytest.mark.parametrize("ground", ["#ffffff", "#000000"])
def test_the_tile_is_seen_on_light_and_on_dark_panels(ground: str) -> None:
    assert contrast(shape.TILE_COLOUR, ground) > 3.0  # WCAG 2.1, 1.4.11: graphics


@pytest.mark.parametrize("colour", [shape.LINE_COLOUR, shape.CORE_COLOUR])
def test_what_is_drawn_is_seen_on_the_tile(colour: str) -> None:
    assert contrast(colour, shape.TILE_COLOUR) > 3.0


def test_the_core_may_have_another_colour() -> None:
    changed = {old: new for old, new in zip(shape.shapes(64), shape.shapes(64, core="#00ff00"), strict=True) if old != new}
    assert [new.colour for new in changed.values()] == ["#00ff00"]
