"""The pictures that are carried along: all of them, and in the forms that each system reads."""

import io
import struct

import pytest
from PIL import Image
from PIL.IcoImagePlugin import IcoImageFile

from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import FILE, SIZES, TEMPLATE_SIZES, Icons, dib, png


@pytest.fixture(scope="module")
def icons() -> Icons:
    return Icons()


@pytest.mark.parametrize("face", Face)
def test_each_face_has_every_size(face: Face, icons: Icons) -> None:
    assert {size: len(pixels) for size, pixels in icons.argb(face).items()} == {size: 4 * size * size for size in SIZES}
    assert {size: len(cover) for size, cover in icons.template(face).items()} == {size: size * size for size in TEMPLATE_SIZES}


def test_no_two_faces_look_alike_in_any_size_with_or_without_colour(icons: Icons) -> None:
    for size in SIZES:
        assert len({icons.argb(face)[size] for face in Face}) == len(Face)
    for size in TEMPLATE_SIZES:
        assert len({icons.template(face)[size] for face in Face}) == len(Face)


def test_it_is_small() -> None:
    assert FILE.stat().st_size < 60_000


@pytest.mark.parametrize("size", TEMPLATE_SIZES)
def test_macos_gets_a_black_picture_with_that_cover(size: int, icons: Icons) -> None:
    cover = icons.template(Face.FAILING)[size]
    with Image.open(io.BytesIO(png(size, cover))) as read:
        assert (read.mode, read.size) == ("LA", (size, size))
        grey, read_cover = read.split()
        assert read_cover.tobytes() == cover
        assert grey.getextrema() == (0, 0)


@pytest.mark.parametrize("size", SIZES)
def test_windows_gets_a_picture_as_it_stands_in_an_icon_file(size: int, icons: Icons) -> None:
    pixels = icons.argb(Face.FAILING)[size]
    picture = dib(size, pixels)
    head = struct.pack("<HHHBBBBHHII", 0, 1, 1, size, size, 0, 0, 1, 32, len(picture), 22)
    with IcoImageFile(io.BytesIO(head + picture)) as icon:
        red, green, blue, cover = icon.convert("RGBA").split()
        assert Image.merge("RGBA", (cover, red, green, blue)).tobytes() == pixels
