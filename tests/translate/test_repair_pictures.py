"""Pictures on their way through: not too many, and of the type they are."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate.pictures import found_in
from copilot_api.translate.repair import Target
from copilot_api.translate.repair_pictures import limited, typed
from tests.builders.models import model

PNG = "iVBORw0KGgoAAAANSUhEUg=="
JPEG = "/9j/4AAQSkZJRgABAQEA"


def picture(data: str, media_type: str = "image/png") -> Json:
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}


def asking(*pictures: Json) -> Json:
    inside = {"type": "tool_result", "tool_use_id": "t", "content": list(pictures[:1])}
    return {"messages": [{"role": "user", "content": [inside, *pictures[1:]]}]}


@pytest.mark.parametrize(
    ("id_", "given", "kept"),
    [("claude-opus-5", 25, 20), ("claude-opus-5", 20, 20), ("gemini-3.8-flash", 12, 10), ("gpt-4.1", 25, 25)],
)
def test_the_newest_pictures_stay(id_: str, given: int, kept: int) -> None:
    body = asking(*(picture(f"{n:04}") for n in range(given)))
    after = limited(body, Target(model=model(id_), stream=False))
    assert [found.data for found in found_in(after)] == [f"{n:04}" for n in range(given - kept, given)]
    assert (after is body) == (given == kept)


TARGET = Target(model=model("claude-opus-5"), stream=False)


@pytest.mark.parametrize(
    ("data", "declared", "real"),
    [
        (JPEG, "image/png", "image/jpeg"),
        (PNG, "image/png", "image/png"),
        ("Qk0AAAAAAAAAAAAAAAAA", "image/bmp", "image/bmp"),
        ("", "image/png", "image/png"),
    ],
)
def test_a_picture_is_of_the_type_that_it_begins_like(data: str, declared: str, real: str) -> None:
    body = asking(picture(data, declared))
    [found] = found_in(typed(body, TARGET))
    assert (found.media_type, found.data) == (real, data)
    assert (typed(body, TARGET) is body) == (real == declared)


def test_a_picture_that_lies_elsewhere_has_no_type_yet() -> None:
    body = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a"}}]}]}
    assert typed(body, TARGET) is body
