"""Draws the icon: SVG, PNG in every size, .ico for Windows, .icns for macOS.

Pillow draws it, supersampled, because it is in the lock already and the icon is four plain shapes: an SVG renderer (cairosvg
with the system's cairo, resvg, PySide) would be a dependency for each of three systems and give the same pixels.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

from installers.icons.shape import CLEAR, UNITS, Arc, Dot, Line, Patch, Shape, Stroke, Tile, shapes

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_SIZES = (16, 32, 64, 128, 256, 512, 1024)
_FINER = 16  # samples per pixel and direction


def image(size: int, of: tuple[Shape, ...] | None = None) -> Image.Image:
    """The icon, or other shapes on its square, `size` pixels wide with a clear ground."""
    finer = _FINER if size <= 128 else 4
    scale = size * finer / UNITS
    # The colours are laid over each other with hard edges and only then made smaller, so that no dark seam shows.
    canvas = Image.new("RGBa", (size * finer, size * finer))
    pencil = ImageDraw.Draw(canvas)
    for shape in shapes(size) if of is None else of:
        _draw(pencil, shape, scale)
    return canvas.resize((size, size), Image.Resampling.BOX).convert("RGBA")


def _draw(pencil: ImageDraw.ImageDraw, shape: Shape, scale: float) -> None:
    match shape:
        case Tile():
            box = (shape.x * scale, shape.y * scale, (shape.x + shape.side) * scale - 1, (shape.y + shape.side) * scale - 1)
            pencil.rounded_rectangle(box, shape.radius * scale, fill=_colour(shape.colour))
        case Dot():
            _disc(pencil, shape.x, shape.y, shape.radius, shape.colour, scale)
        case Arc():
            outer = shape.radius + shape.width / 2
            ring = tuple(scale * edge for edge in (shape.x - outer, shape.y - outer, shape.x + outer, shape.y + outer))
            pencil.arc(ring, shape.start, shape.end, fill=_colour(shape.colour), width=round(shape.width * scale))
            for angle in (shape.start, shape.end):
                _disc(pencil, *_on_circle(shape, angle), shape.width / 2, shape.colour, scale)
        case Line():
            half = shape.width / 2
            bar = (shape.x * scale, (shape.y - half) * scale, shape.end * scale, (shape.y + half) * scale - 1)
            pencil.rectangle(bar, fill=_colour(shape.colour))
            for x in (shape.x, shape.end):
                _disc(pencil, x, shape.y, half, shape.colour, scale)
        case Stroke():
            points = tuple((x * scale, y * scale) for x, y in _around(shape))
            pencil.polygon(points, fill=_colour(shape.colour))
            for x, y in (shape.start, shape.end):
                _disc(pencil, x, y, shape.width / 2, shape.colour, scale)
        case Patch():
            pencil.polygon(tuple((x * scale, y * scale) for x, y in shape.corners), fill=_colour(shape.colour))


def _disc(pencil: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: str, scale: float) -> None:
    box = ((x - radius) * scale, (y - radius) * scale, (x + radius) * scale - 1, (y + radius) * scale - 1)
    pencil.ellipse(box, fill=_colour(colour))


def _around(stroke: Stroke) -> tuple[tuple[float, float], ...]:
    """The corners of a stroke without its ends."""
    (x1, y1), (x2, y2) = stroke.start, stroke.end
    length = math.hypot(x2 - x1, y2 - y1)
    across, along = (y2 - y1) / length * stroke.width / 2, (x2 - x1) / length * stroke.width / 2
    return (x1 + across, y1 - along), (x2 + across, y2 - along), (x2 - across, y2 + along), (x1 - across, y1 + along)


def _colour(text: str) -> tuple[int, int, int, int]:
    if text == CLEAR:
        return 0, 0, 0, 0
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue, 255


def _on_circle(arc: Arc, angle: float) -> tuple[float, float]:
    turned = math.radians(angle)
    return arc.x + arc.radius * math.cos(turned), arc.y + arc.radius * math.sin(turned)


def svg(of: tuple[Shape, ...] | None = None) -> str:
    """The icon as a drawing that scales."""
    drawn = "\n".join(f"  {_element(shape)}" for shape in (shapes() if of is None else of))
    side = f"{UNITS:g}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 {side} {side}">'
    return f"{head}\n  <title>Copilot API</title>\n{drawn}\n</svg>\n"


def _element(shape: Shape) -> str:
    match shape:
        case Tile():
            where = f'x="{shape.x:g}" y="{shape.y:g}" width="{shape.side:g}" height="{shape.side:g}" rx="{shape.radius:g}"'
            return f'<rect {where} fill="{shape.colour}"/>'
        case Dot():
            return f'<circle cx="{shape.x:g}" cy="{shape.y:g}" r="{shape.radius:g}" fill="{shape.colour}"/>'
        case Arc():
            (x1, y1), (x2, y2) = _on_circle(shape, shape.start), _on_circle(shape, shape.end)
            large = int(shape.end - shape.start > 180)
            path = f"M{x1:.3f} {y1:.3f}A{shape.radius:g} {shape.radius:g} 0 {large} 1 {x2:.3f} {y2:.3f}"
            return f'<path d="{path}" fill="none" {_stroke(shape)}/>'
        case Line():
            return f'<path d="M{shape.x:g} {shape.y:g}H{shape.end:g}" {_stroke(shape)}/>'
        case Stroke():
            (x1, y1), (x2, y2) = shape.start, shape.end
            return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" {_stroke(shape)}/>'
        case Patch():
            corners = " ".join(f"{x:g},{y:g}" for x, y in shape.corners)
            return f'<polygon points="{corners}" fill="{shape.colour}"/>'


def _stroke(shape: Arc | Line | Stroke) -> str:
    return f'stroke="{shape.colour}" stroke-width="{shape.width:g}" stroke-linecap="round"'


def write_png(path: Path, size: int) -> None:
    """One picture."""
    image(size).save(path, optimize=True)


def write_ico(path: Path) -> None:
    """Windows' icon, each size drawn for itself."""
    largest, *rest = (image(size) for size in reversed(ICO_SIZES))
    largest.save(path, sizes=[(size, size) for size in ICO_SIZES], append_images=rest)


def write_icns(path: Path) -> None:
    """macOS' icon, each size drawn for itself."""
    largest, *rest = (image(size) for size in reversed(ICNS_SIZES))
    largest.save(path, append_images=rest)
