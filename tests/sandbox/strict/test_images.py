import base64

import pytest

from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import images

SEES = Model(id="m", vision=True, raw={"capabilities": {"limits": {"vision": {"max_prompt_image_size": 3000}}}})
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
GIF = base64.b64encode(b"GIF89a" + bytes(16)).decode()


@pytest.mark.parametrize(
    ("media_type", "data", "says"),
    [
        ("image/bmp", PNG, "media_type: Input should be 'image/jpeg' or 'image/png' or"),
        (None, PNG, "media_type: Input should be"),
        ("image/png", "not base64!", "Invalid base64 image data"),
        ("image/png", "", "Invalid base64 image data"),
        ("image/png", 7, "Invalid base64 image data"),
        ("image/png", "A" * 4004, "image exceeds the maximum of 3000 bytes: 3003 bytes"),
        ("image/png", GIF, "the image appears to be a image/gif image"),
    ],
)
def test_what_is_no_image_for_a_model(media_type: object, data: object, says: str) -> None:
    with pytest.raises(Refusal) as raised:
        images.check_data(media_type, data, SEES, "x")
    assert says in raised.value.message


def test_what_is_an_image() -> None:
    images.check_data("image/png", PNG, SEES, "x")
    images.check_data("image/gif", GIF, SEES, "x")
    images.check_data("image/webp", "AAAA", SEES, "x")
    images.check_data("image/jpeg", "AA==", SEES, "x")
    images.check_url(f"data:image/png;base64,{PNG}", SEES, "x")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.com/a.png", "external image URLs are not supported"),
        (None, "external image URLs are not supported"),
        ("data:image/png,raw", "Invalid base64 image_url"),
        ("data:image/png;base64,???", "Invalid base64 image data"),
    ],
)
def test_what_is_no_image_url(url: object, says: str) -> None:
    with pytest.raises(Refusal) as raised:
        images.check_url(url, SEES, "x")
    assert says in raised.value.message


def test_the_limit_of_a_model_that_names_none() -> None:
    images.check_data("image/png", "A" * 4_000_000, Model(id="m"), "x")
    with pytest.raises(Refusal, match="3145728"):
        images.check_data("image/png", "A" * 4_200_000, Model(id="m"), "x")


def test_a_blind_model() -> None:
    images.check_vision(SEES)
    with pytest.raises(Refusal, match="vision is not supported for this model"):
        images.check_vision(Model(id="m"))


def test_padding_in_the_middle_is_no_base64() -> None:
    with pytest.raises(Refusal, match="Invalid base64"):
        images.check_data("image/png", "A=AA", SEES, "x")
