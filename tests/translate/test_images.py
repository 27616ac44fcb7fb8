"""Pictures: both ways, with the type that they really have, and never more than a model sees."""

import base64
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import images
from copilot_api.translate.fields import Fields
from tests.builders.models import model


def encoded(beginning: bytes) -> str:
    return base64.b64encode(beginning + b"\x00" * 20).decode()


BEGINNINGS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBP",
}


def url_of(source: Any) -> str:
    return images.url_of(Fields({"source": source}, "messages.0.content.0"))


def source_of(url: str) -> Json:
    return images.source_of(Fields({"url": url}, "messages.0.content.0.image_url"))


@pytest.mark.parametrize("media_type", BEGINNINGS)
@pytest.mark.parametrize("declared", [*BEGINNINGS, "image/jpg", ""])
def test_the_real_type_counts_whatever_was_declared(media_type: str, declared: str) -> None:
    data = encoded(BEGINNINGS[media_type])
    assert url_of({"type": "base64", "media_type": declared, "data": data}) == f"data:{media_type};base64,{data}"
    assert source_of(f"data:{declared};base64,{data}") == {"type": "base64", "media_type": media_type, "data": data}


@pytest.mark.parametrize("data", [encoded(b"unknown format"), "not base64 at all", "ab"])
def test_where_the_bytes_say_nothing_the_declaration_counts(data: str) -> None:
    assert source_of(f"data:image/png;base64,{data}")["media_type"] == "image/png"


def test_a_data_url_may_be_written_in_any_case_and_with_parameters() -> None:
    data = encoded(BEGINNINGS["image/png"])
    assert source_of(f"DATA:Image/PNG;name=a.png;Base64,{data}") == {"type": "base64", "media_type": "image/png", "data": data}


@pytest.mark.parametrize("url", ["https://example.com/a.png", "http://localhost/a", "HTTPS://EXAMPLE.COM/a"])
def test_a_web_address_stays_one(url: str) -> None:
    assert source_of(url) == {"type": "url", "url": url}
    assert url_of({"type": "url", "url": url}) == url


@pytest.mark.parametrize(
    "url", ["", "file:///etc/passwd", "ftp://example.com/a.png", "data:image/png,raw", "data:image/png;base64,", "a.png"]
)
def test_anything_else_is_no_picture(url: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        source_of(url)
    assert caught.value.param == "messages.0.content.0.image_url.url"


@pytest.mark.parametrize("media_type", ["image/tiff", "image/svg+xml", "application/pdf", "text/plain"])
def test_a_picture_that_no_model_sees_is_refused(media_type: str) -> None:
    with pytest.raises(ClientMistake, match="is not a picture that models see"):
        source_of(f"data:{media_type};base64,{encoded(b'unknown')}")
    with pytest.raises(ClientMistake, match="is not a picture that models see"):
        url_of({"type": "base64", "media_type": media_type, "data": encoded(b"unknown")})


@pytest.mark.parametrize("source", [{"type": "file", "file_id": "file_1"}, {}, None, {"type": "base64"}, {"type": "url"}])
def test_an_uploaded_or_missing_picture_is_refused(source: Any) -> None:
    with pytest.raises(ClientMistake) as caught:
        url_of(source)
    assert caught.value.param.startswith("messages.0.content.0.source")


@pytest.mark.parametrize(("model_id", "most"), [("claude-opus-5", 20), ("gemini-3.8-flash", 10), ("gpt-4.1", None)])
def test_each_maker_has_its_limit(model_id: str, most: int | None) -> None:
    assert images.limit(model(model_id)) == most


def test_the_oldest_pictures_make_room() -> None:
    def picture(name: str) -> Json:
        return {"type": "image", "source": name}

    contents = [[picture("a"), {"type": "text", "text": "hei"}], [picture("b"), picture("c")]]
    assert images.omit_oldest(contents, most=2)
    omitted = {"type": "text", "text": "[image omitted]"}
    assert contents == [[omitted, {"type": "text", "text": "hei"}], [picture("b"), picture("c")]]


@pytest.mark.parametrize("most", [None, 1, 5])
def test_pictures_within_the_limit_stay(most: int | None) -> None:
    content: list[Json] = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
    assert not images.omit_oldest([content], most=most)
    assert content[0]["type"] == "image_url"
