"""The signs of the tray can be seen on any bar, stay on their tile, and can be told apart without their colours."""

from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageStat

from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import SIZES, TEMPLATE_SIZES
from installers.icons import draw, faces
from installers.icons.shape import CLEAR, LINE_COLOUR, UNITS, Patch
from tests.installers.icons.test_shape import contrast, edges

SIGNS = [face for face in Face if face is not Face.SERVING]


@pytest.mark.parametrize("face", Face)
def test_the_tile_is_seen_on_light_and_on_dark_bars_and_the_sign_on_the_tile(face: Face) -> None:
    for other in ("#ffffff", "#000000", LINE_COLOUR):
        assert contrast(faces.COLOURS[face], other) > 3.0  # WCAG 2.1, 1.4.11: graphics


@pytest.mark.parametrize("face", SIGNS)
@pytest.mark.parametrize("size", SIZES)
def test_the_sign_lies_on_the_tile(face: Face, size: int) -> None:
    tile, *sign = (edges(each) for each in faces.tile(face, size))
    for left, top, right, bottom in sign:
        assert tile[0] < left < right < tile[2]
        assert tile[1] < top < bottom < tile[3]


@pytest.mark.parametrize("face", Face)
@pytest.mark.parametrize("size", TEMPLATE_SIZES)
def test_a_template_lies_on_its_square_and_is_black_and_clear(face: Face, size: int) -> None:
    for shape in faces.template(face, size):
        left, top, right, bottom = edges(shape)
        assert left >= 0
        assert top >= 0
        assert right <= UNITS
        assert bottom <= UNITS
        assert shape.colour in {"#000000", CLEAR}


def cover(face: Face, size: int) -> Image.Image:
    """What is left of a face without its colour."""
    return draw.image(size, faces.template(face, size)).getchannel("A")


@pytest.mark.parametrize("size", [16, 22])
@pytest.mark.parametrize(("one", "other"), list(combinations(Face, 2)))
def test_two_faces_are_told_apart_without_colour_where_they_are_smallest(one: Face, other: Face, size: int) -> None:
    """On average every fifth pixel of what is drawn by one or both differs."""
    difference = ImageChops.difference(cover(one, size), cover(other, size))
    both = ImageChops.lighter(cover(one, size), cover(other, size))
    assert ImageStat.Stat(difference).sum[0] > 0.2 * ImageStat.Stat(both).sum[0]


@pytest.mark.parametrize("size", [16, 22, 24])
def test_straight_edges_of_small_signs_lie_on_whole_pixels(size: int) -> None:
    [square] = faces.tile(Face.STOPPED, size)[1:]
    assert isinstance(square, Patch)
    for x, y in square.corners:
        for edge in (x, y):
            assert edge * size / UNITS == pytest.approx(round(edge * size / UNITS))


def test_faces_of_one_meaning_have_one_colour() -> None:
    by_colour: dict[str, set[Face]] = {}
    for face, colour in faces.COLOURS.items():
        by_colour.setdefault(colour, set()).add(face)
    assert {Face.APPROVAL, Face.SIGNING_IN} in by_colour.values()
    assert {Face.FAILING, Face.GITHUB_DOWN, Face.SPENT} in by_colour.values()
    assert {Face.SERVING} in by_colour.values()


def test_the_programs_own_icon_is_what_is_shown_while_all_is_well() -> None:
    assert draw.image(22, faces.tile(Face.SERVING, 22)).tobytes() == draw.image(22).tobytes()
    with pytest.raises(ValueError, match="own icon"):
        faces._sign(Face.SERVING, faces._Grid(22), "#000000", CLEAR)
