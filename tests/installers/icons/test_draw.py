"""The pictures show what the geometry says, in every size and form that a system asks for."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PIL import Image
from PIL.IcoImagePlugin import IcoImageFile

from copilot_api.desktop.face import Face
from installers.icons import draw, faces, shape
from installers.icons.shape import CLEAR, Arc, Dot, Line, Patch, Stroke, Tile
from tests.installers.icons.test_shape import contrast

ROOT = Path(__file__).parent.parent.parent.parent


def colour_at(picture: Image.Image, x: float, y: float) -> str:
    """The colour at a place given in the units of the geometry."""
    scale = picture.width / shape.UNITS
    pixel = picture.getpixel((int(x * scale), int(y * scale)))
    assert isinstance(pixel, tuple)
    return "#" + bytes(int(part) for part in pixel[:3]).hex()


@pytest.mark.parametrize("size", draw.SIZES)
def test_each_part_is_seen_where_the_geometry_puts_it(size: int) -> None:
    picture = draw.image(size)
    _, arc, line, dot = shape.shapes(size)
    assert isinstance(arc, shape.Arc)
    assert isinstance(line, shape.Line)
    assert isinstance(dot, shape.Dot)
    assert picture.size == (size, size)
    assert colour_at(picture, dot.x, dot.y) == shape.CORE_COLOUR
    assert colour_at(picture, line.end - 1, line.y) == shape.LINE_COLOUR
    assert contrast(colour_at(picture, arc.x - arc.radius, arc.y), shape.TILE_COLOUR) > 4.5
    assert colour_at(picture, arc.x, shape.UNITS - 3) == shape.TILE_COLOUR


@pytest.mark.parametrize("size", draw.SIZES)
def test_corners_are_clear_and_edges_have_no_dark_seam(size: int) -> None:
    picture = draw.image(size)
    assert picture.getpixel((0, 0))[3] < 128  # type: ignore[index]
    tile = bytes.fromhex(shape.TILE_COLOUR.removeprefix("#"))
    for x in range(size):
        red, green, blue, cover = picture.getpixel((x, max(1, size // 40)))  # type: ignore[misc]
        if cover > 16:
            assert all(abs(seen - meant) <= 12 for seen, meant in zip((red, green, blue), tile, strict=True))


def test_the_drawing_is_well_formed_and_has_every_shape() -> None:
    root = ET.fromstring(draw.svg())  # noqa: S314 - written here
    drawn = [element.tag.rpartition("}")[2] for element in root]
    assert drawn == ["title", "rect", "path", "path", "circle"]
    assert root.get("viewBox") == "0 0 64 64"


def test_every_shape_of_a_sign_is_in_its_drawing() -> None:
    for face in Face:
        of = faces.tile(face, 64)
        root = ET.fromstring(draw.svg(of))  # noqa: S314 - written here
        names = {Tile: "rect", Dot: "circle", Arc: "path", Line: "path", Stroke: "path", Patch: "polygon"}
        assert [element.tag.rpartition("}")[2] for element in root] == ["title", *(names[type(shape)] for shape in of)]


def test_a_shape_without_colour_takes_away_what_lies_below_it() -> None:
    ground = Tile(x=0, y=0, side=64, radius=0, colour="#ff0000")
    hole = Stroke(start=(16, 16), end=(48, 48), width=8, colour=CLEAR)
    picture = draw.image(64, (ground, hole))
    assert picture.getpixel((32, 32)) == (0, 0, 0, 0)
    assert picture.getpixel((50, 10)) == (255, 0, 0, 255)


def test_the_drawing_in_the_project_is_the_one_that_the_geometry_gives() -> None:
    assert (ROOT / "installers" / "icons" / "copilot-api.svg").read_text("utf-8") == draw.svg()


def test_windows_gets_all_sizes_in_one_file(tmp_path: Path) -> None:
    draw.write_ico(tmp_path / "icon.ico")
    with IcoImageFile(tmp_path / "icon.ico") as icon:
        assert icon.info["sizes"] == {(size, size) for size in draw.ICO_SIZES}
        icon.size = (16, 16)
        assert icon.convert("RGBA").tobytes() == draw.image(16).tobytes()


def test_macos_gets_all_sizes_in_one_file(tmp_path: Path) -> None:
    draw.write_icns(tmp_path / "icon.icns")
    with Image.open(tmp_path / "icon.icns") as icon:
        assert {size * scale for size, _, scale in icon.info["sizes"]} >= {32, 64, 128, 256, 512, 1024}


def test_the_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        draw.write_png(tmp_path / name, 48)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
