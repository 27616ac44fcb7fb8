"""The pictures of the tray icon, one for each state, made of the shapes of the icon.

Each is a tile with a sign on it, and no two signs are alike, so that colour is never the only difference. The colour says: in
order, on its way, off, soon not in order, not in order, waiting for the person. Up to 24 pixels, straight edges lie on whole
ones. macOS wants the sign alone, in black, and colours it itself.
"""

import math
from dataclasses import replace

from copilot_api.desktop.face import Face
from installers.icons.shape import CLEAR, LINE_COLOUR, TILE_COLOUR, UNITS, Arc, Dot, Line, Patch, Shape, Stroke, Tile, shapes

# Each is seen on light and on dark bars, and white on it: tests/installers/icons/test_faces.py.
ON_ITS_WAY = "#4a6a8a"
OFF = "#6b6f76"
SOON = "#b45f06"
WRONG = "#c62f3a"
WAITING = "#7d4fd1"

COLOURS = {
    Face.SERVING: TILE_COLOUR,
    Face.STARTING: ON_ITS_WAY,
    Face.DRAINING: ON_ITS_WAY,
    Face.STOPPED: OFF,
    Face.LOW: SOON,
    Face.SIGNED_OUT: SOON,
    Face.GITHUB_DOWN: WRONG,
    Face.FAILING: WRONG,
    Face.SPENT: WRONG,
    Face.SIGNING_IN: WAITING,
    Face.APPROVAL: WAITING,
}

LARGER = 1.25
"""How much larger a sign is drawn where there is no tile, if there is room."""


def tile(face: Face, size: int) -> tuple[Shape, ...]:
    """The picture of `size` pixels, back to front."""
    if face is Face.SERVING:
        return shapes(size)
    ground = COLOURS[face]
    first = replace(_tile_of(size), colour=ground)
    return first, *_sign(face, _Grid(size), LINE_COLOUR, ground)


def template(face: Face, size: int) -> tuple[Shape, ...]:
    """The sign alone, black on nothing, for a picture of `size` pixels."""
    if face is Face.SERVING:
        sign: tuple[Shape, ...] = tuple(replace(shape, colour="#000000") for shape in shapes()[1:])
    else:
        sign = _sign(face, _Grid(size), "#000000", CLEAR)
    by = min(LARGER, UNITS / 2 / max(map(_reach, sign)))
    return tuple(_grown(shape, by) for shape in sign)


def _tile_of(size: int) -> Tile:
    first = shapes(size)[0]
    assert isinstance(first, Tile)  # noqa: S101 - the icon's own ground
    return first


class _Grid:
    """Puts edges on whole pixels where there are few of them."""

    def __init__(self, size: int) -> None:
        self.pixel = UNITS / size if size <= 24 else UNITS / 128

    def at(self, units: float) -> float:
        """The nearest edge between two pixels."""
        return round(units / self.pixel) * self.pixel

    def wide(self, units: float) -> float:
        """The nearest whole number of pixels, one at least."""
        return max(1, round(units / self.pixel)) * self.pixel


def _sign(face: Face, grid: _Grid, ink: str, ground: str) -> tuple[Shape, ...]:
    match face:
        case Face.STARTING:
            return _dots(grid, ink)
        case Face.DRAINING:
            return _hourglass(grid, ink)
        case Face.STOPPED:
            return (_box(grid, 19, 19, 45, 45, ink),)
        case Face.LOW:
            return _battery(grid, ink, ground)
        case Face.SPENT:
            return _no_entry(grid, ink, ground)
        case Face.SIGNED_OUT:
            return _person(ink)
        case Face.GITHUB_DOWN:
            return _cloud(grid, ink, ground)
        case Face.FAILING:
            return _exclamation(grid, ink)
        case Face.SIGNING_IN:
            return _key(grid, ink)
        case Face.APPROVAL:
            return _question(ink)
        case Face.SERVING:
            raise ValueError("that one is the program's own icon")


def _box(grid: _Grid, left: float, top: float, right: float, bottom: float, colour: str) -> Patch:
    x1, y1, x2, y2 = (grid.at(edge) for edge in (left, top, right, bottom))
    return Patch(corners=((x1, y1), (x2, y1), (x2, y2), (x1, y2)), colour=colour)


def _hourglass(grid: _Grid, ink: str) -> tuple[Shape, ...]:
    thick = grid.wide(5)
    top, bottom, left, right = grid.at(12), grid.at(52), grid.at(16), grid.at(48)
    return (
        _box(grid, left, top, right, top + thick, ink),
        _box(grid, left, bottom - thick, right, bottom, ink),
        Patch(corners=((19, top), (45, top), (34, 32), (45, bottom), (19, bottom), (30, 32)), colour=ink),
    )


def _dots(grid: _Grid, ink: str) -> tuple[Shape, ...]:
    apart = grid.at(19)
    return tuple(Dot(x=32 + step * apart, y=32, radius=grid.wide(7.5), colour=ink) for step in (-1, 0, 1))


def _battery(grid: _Grid, ink: str, ground: str) -> tuple[Shape, ...]:
    thick, gap = grid.wide(4), grid.wide(3.5)
    left, top, right, bottom = grid.at(7), grid.at(19), grid.at(51), grid.at(45)
    inner = left + thick + gap
    return (
        _box(grid, left, top, right, bottom, ink),
        _box(grid, left + thick, top + thick, right - thick, bottom - thick, ground),
        _box(grid, right, top + 2 * thick, right + gap, bottom - 2 * thick, ink),
        _box(grid, inner, top + thick + gap, inner + grid.wide(9), bottom - thick - gap, ink),
    )


def _no_entry(grid: _Grid, ink: str, ground: str) -> tuple[Shape, ...]:
    half = grid.wide(5)
    return Dot(x=32, y=32, radius=22, colour=ink), _box(grid, 18, 32 - half, 46, 32 + half, ground)


def _person(ink: str) -> tuple[Shape, ...]:
    shoulders = tuple(
        (32 - 20 * math.cos(math.radians(turn)), 54 - 18 * math.sin(math.radians(turn))) for turn in range(0, 181, 6)
    )
    return Dot(x=32, y=21, radius=11, colour=ink), Patch(corners=shoulders, colour=ink)


def _cloud(grid: _Grid, ink: str, ground: str) -> tuple[Shape, ...]:
    """With a cross cut out of it."""
    x, y, half = 32, grid.at(36), grid.wide(7)
    return (
        Dot(x=17, y=38, radius=10, colour=ink),
        Dot(x=32, y=28, radius=16, colour=ink),
        Dot(x=48, y=37, radius=11, colour=ink),
        Patch(corners=((17, 30), (48, 30), (48, 48), (17, 48)), colour=ink),
        Stroke(start=(x - half, y - half), end=(x + half, y + half), width=5.5, colour=ground),
        Stroke(start=(x - half, y + half), end=(x + half, y - half), width=5.5, colour=ground),
    )


def _exclamation(grid: _Grid, ink: str) -> tuple[Shape, ...]:
    half = grid.wide(9) / 2
    middle = 32 if round(2 * half / grid.pixel) % 2 == 0 else 32 + grid.pixel / 2
    return (
        Patch(
            corners=((middle - half, 11), (middle + half, 11), (middle + half * 0.8, 38), (middle - half * 0.8, 38)), colour=ink
        ),
        Dot(x=middle, y=48, radius=half * 1.15, colour=ink),
    )


def _key(grid: _Grid, ink: str) -> tuple[Shape, ...]:
    thick = grid.wide(6)
    middle = grid.at(29) + thick / 2
    return (
        Arc(x=20, y=middle, radius=9, start=0, end=360, width=thick, colour=ink),
        _box(grid, 28, middle - thick / 2, 56, middle + thick / 2, ink),
        _box(grid, 54 - thick, middle, 54, middle + thick / 2 + 10, ink),
        _box(grid, 53 - 3 * thick, middle, 53 - 2 * thick, middle + thick / 2 + 7, ink),
    )


def _question(ink: str) -> tuple[Shape, ...]:
    return (
        Arc(x=32, y=23, radius=10, start=185, end=405, width=7.5, colour=ink),
        Stroke(start=(39, 30), end=(32, 38), width=7.5, colour=ink),
        Stroke(start=(32, 38), end=(32, 39), width=7.5, colour=ink),
        Dot(x=32, y=51, radius=5, colour=ink),
    )


def _reach(shape: Shape) -> float:
    """How far from the middle of the square it goes, across or down."""
    match shape:
        case Tile():
            points = [(shape.x, shape.y), (shape.x + shape.side, shape.y + shape.side)]
            half = 0.0
        case Dot():
            points, half = [(shape.x, shape.y)], shape.radius
        case Arc():
            points, half = [(shape.x, shape.y)], shape.radius + shape.width / 2
        case Line():
            points, half = [(shape.x, shape.y), (shape.end, shape.y)], shape.width / 2
        case Stroke():
            points, half = [shape.start, shape.end], shape.width / 2
        case Patch():
            points, half = list(shape.corners), 0.0
    return max(abs(units - UNITS / 2) for point in points for units in point) + half


def _grown(shape: Shape, by: float) -> Shape:
    """The shape about the middle of its square."""

    def put(units: float) -> float:
        return UNITS / 2 + (units - UNITS / 2) * by

    match shape:
        case Tile():
            return replace(shape, x=put(shape.x), y=put(shape.y), side=shape.side * by, radius=shape.radius * by)
        case Dot():
            return replace(shape, x=put(shape.x), y=put(shape.y), radius=shape.radius * by)
        case Arc():
            return replace(shape, x=put(shape.x), y=put(shape.y), radius=shape.radius * by, width=shape.width * by)
        case Stroke():
            start, end = ((put(x), put(y)) for x, y in (shape.start, shape.end))
            return replace(shape, start=start, end=end, width=shape.width * by)
        case Patch():
            return replace(shape, corners=tuple((put(x), put(y)) for x, y in shape.corners))
        case Line():
            return replace(shape, x=put(shape.x), y=put(shape.y), end=put(shape.end), width=shape.width * by)
