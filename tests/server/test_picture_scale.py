"""Pictures made as small as a model takes them."""

import sys
from io import BytesIO

import pytest
from PIL import Image

from copilot_api.server import picture_scale
from copilot_api.server.picture_scale import Limits, Unscalable, is_possible, scale
from copilot_api.translate.pictures import MEDIA_TYPES
from tests.builders.painted import opened, painted

ANY = Limits(most_bytes=None, longest_side=None, media_types=MEDIA_TYPES)


def limits(most_bytes: int | None = None, side: int | None = None, *media_types: str) -> Limits:
    return Limits(most_bytes=most_bytes, longest_side=side, media_types=media_types or MEDIA_TYPES)


def test_a_photograph_is_made_small_enough_and_stays_one() -> None:
    photo = painted(900, 600, "JPEG", noisy=True, quality=95)
    media_type, data = scale(photo, limits(len(photo) // 4))
    assert media_type == "image/jpeg"
    assert len(data) <= len(photo) // 4
    width, height = opened(data).size
    assert abs(width / height - 1.5) < 0.02


def test_a_drawing_stays_sharp_if_it_can() -> None:
    drawing = painted(3000, 200)
    media_type, data = scale(drawing, limits(None, 1000))
    assert (media_type, opened(data).size) == ("image/png", (1000, 67))


def test_a_large_drawing_becomes_a_photograph_rather_than_tiny() -> None:
    noisy = painted(600, 600, noisy=True)
    media_type, data = scale(noisy, limits(len(noisy) // 2))
    assert (media_type, opened(data).size) == ("image/jpeg", (600, 600))


def test_what_is_transparent_stays_so_or_lies_on_white() -> None:
    glass = painted(40, 40, mode="RGBA")
    assert opened(scale(glass, ANY)[1]).mode == "RGBA"
    out = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    media_type, data = scale(out.getvalue(), limits(None, None, "image/jpeg"))
    assert (media_type, opened(data).getpixel((4, 4))) == ("image/jpeg", (255, 255, 255))


@pytest.mark.parametrize(("format_", "media_type"), [("GIF", "image/png"), ("WEBP", "image/jpeg"), ("BMP", "image/png")])
def test_a_type_that_the_model_does_not_see_becomes_one_that_it_does(format_: str, media_type: str) -> None:
    written, data = scale(painted(30, 20, format_), limits(None, None, "image/png", "image/jpeg"))
    assert (written, opened(data).size) == (media_type, (30, 20))


def test_where_only_png_is_seen_it_is_png() -> None:
    assert scale(painted(30, 20, "JPEG"), limits(None, None, "image/png"))[0] == "image/png"


def test_of_a_moving_picture_the_beginning_counts() -> None:
    out = BytesIO()
    Image.new("RGB", (9, 9), "red").save(out, "GIF", save_all=True, append_images=[Image.new("RGB", (9, 9), "blue")])
    _, data = scale(out.getvalue(), limits(None, None, "image/png"))
    assert opened(data).convert("RGB").getpixel((4, 4)) == (255, 0, 0)


def test_a_photograph_is_turned_the_right_way_up() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    _, data = scale(painted(60, 20, "JPEG", exif=exif), ANY)
    assert opened(data).size == (20, 60)


def test_the_same_picture_gives_the_same_bytes() -> None:
    photo = painted(300, 200, "JPEG", noisy=True)
    assert scale(photo, limits(8000)) == scale(photo, limits(8000))


@pytest.mark.parametrize("data", [b"", b"no picture", painted(50, 50)[:40], b"\x89PNG\r\n\x1a\n" + b"x" * 50])
def test_what_is_no_picture_is_said(data: bytes) -> None:
    with pytest.raises(Unscalable, match="not readable"):
        scale(data, ANY)


def test_what_would_fill_the_memory_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_scale, "MOST_PIXELS", 99)
    with pytest.raises(Unscalable, match="too many pixels"):
        scale(painted(10, 10), ANY)


def test_what_nobody_sees_is_not_written() -> None:
    with pytest.raises(Unscalable):
        scale(painted(10, 10), limits(None, None, "image/webp"))


def test_what_cannot_be_small_enough_is_said() -> None:
    with pytest.raises(Unscalable, match="not small enough"):
        scale(painted(200, 200, noisy=True), limits(50))


def test_without_pillow_it_is_not_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_possible()
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert not is_possible()
