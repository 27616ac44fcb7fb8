"""The icon's geometry, the one source of every picture of it.

A ring with one way out: requests circle on your own machine, and one line leads to Copilot. Drawn on a square of 64 units.
Up to 24 pixels a thin line would fall between two pixels, so small pictures have a geometry of their own, on whole pixels.
"""

from dataclasses import dataclass

UNITS = 64.0
TILE_COLOUR = "#0f6e84"  # 5.9:1 on white and 3.6:1 on black: seen on light and on dark panels
LINE_COLOUR = "#ffffff"
CORE_COLOUR = "#ffd166"
CLEAR = ""
"""No colour: takes away what lies below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A square with round corners."""

    x: float
    y: float
    side: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """A part of a circle with round ends; clockwise from `start` to `end` in degrees, 0 is to the right."""

    x: float
    y: float
    radius: float
    start: float
    end: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A level line with round ends."""

    x: float
    y: float
    end: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A straight line with round ends, in any direction."""

    start: tuple[float, float]
    end: tuple[float, float]
    width: float
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A filled polygon."""

    corners: tuple[tuple[float, float], ...]
    colour: str


Shape = Tile | Dot | Arc | Line | Stroke | Patch


def shapes(size: int = 512, *, core: str = CORE_COLOUR) -> tuple[Shape, ...]:
    """The icon for pictures of `size` pixels, back to front; `core` is the colour of its middle."""
    if size <= 24:
        return _small(size, core)
    return _icon(tile=2, corner=14, middle=30, radius=16.5, width=5.5, gap=38, dot=6.5, end=56, core=core)


def _small(size: int, core: str) -> tuple[Shape, ...]:
    pixel = UNITS / size
    return _icon(
        tile=0,
        corner=3 * pixel,
        middle=(size // 2 - 1) * pixel,
        radius=(size / 2 - (3 if size < 20 else 4)) * pixel,
        width=2 * pixel,
        gap=42,
        dot=(2 if size < 20 else 3) * pixel,
        end=(size - 1) * pixel,
        core=core,
    )


def _icon(
    *, tile: float, corner: float, middle: float, radius: float, width: float, gap: float, dot: float, end: float, core: str
) -> tuple[Shape, ...]:
    y = UNITS / 2
    return (
        Tile(x=tile, y=tile, side=UNITS - 2 * tile, radius=corner, colour=TILE_COLOUR),
        Arc(x=middle, y=y, radius=radius, start=gap, end=360 - gap, width=width, colour=LINE_COLOUR),
        Line(x=middle, y=y, end=end - width / 2, width=width, colour=LINE_COLOUR),
        Dot(x=middle, y=y, radius=dot, colour=core),
    )
