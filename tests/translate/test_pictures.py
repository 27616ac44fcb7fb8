"""The pictures of a request: found and exchanged in every dialect, and nothing else touched."""

from dataclasses import replace
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate.pictures import Picture, exchanged, found_in, kind_of, sniff

PNG = "iVBORw0KGgoAAAANSUhEUg=="
JPEG = "/9j/4AAQSkZJRgABAQEA"
URL = "https://example.org/a.png"
HERE = Picture(media_type="image/png", data=PNG)
THERE = Picture(url=URL)
DATA_URL = f"data:image/png;base64,{PNG}"
OTHER = Picture(media_type="image/jpeg", data=JPEG)
OTHER_URL = f"data:image/jpeg;base64,{JPEG}"

BASE64 = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}, "cache_control": {}}
OTHER_BASE64 = BASE64 | {"source": {"type": "base64", "media_type": "image/jpeg", "data": JPEG}}


def said(role: str, *content: Json) -> Json:
    return {"role": role, "content": list(content)}


# A request, the picture in it, and the request with the other picture.
SHAPES: list[tuple[Json, Picture, Json]] = [
    ({"messages": [said("user", BASE64)]}, HERE, {"messages": [said("user", OTHER_BASE64)]}),
    (
        {"messages": [said("user", {"type": "image", "source": {"type": "url", "url": URL}})]},
        THERE,
        {"messages": [said("user", {"type": "image", "source": OTHER_BASE64["source"]})]},
    ),
    (
        {"messages": [said("user", {"type": "tool_result", "content": [BASE64]})]},
        HERE,
        {"messages": [said("user", {"type": "tool_result", "content": [OTHER_BASE64]})]},
    ),
    (
        {"messages": [said("user", {"type": "image_url", "image_url": {"url": DATA_URL, "detail": "low"}})]},
        HERE,
        {"messages": [said("user", {"type": "image_url", "image_url": {"url": OTHER_URL, "detail": "low"}})]},
    ),
    (
        {"messages": [said("user", {"type": "image_url", "image_url": URL})]},
        THERE,
        {"messages": [said("user", {"type": "image_url", "image_url": OTHER_URL})]},
    ),
    (
        {"input": [said("user", {"type": "input_image", "image_url": DATA_URL, "detail": "auto"})]},
        HERE,
        {"input": [said("user", {"type": "input_image", "image_url": OTHER_URL, "detail": "auto"})]},
    ),
    (
        {"input": [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": URL}]}]},
        THERE,
        {"input": [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": OTHER_URL}]}]},
    ),
    (
        {"contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]}]},
        HERE,
        {"contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "image/jpeg", "data": JPEG}}]}]},
    ),
    (
        {"contents": [{"parts": [{"fileData": {"mimeType": "image/png", "fileUri": URL}, "thought": False}]}]},
        THERE,
        {"contents": [{"parts": [{"inlineData": {"mimeType": "image/jpeg", "data": JPEG}, "thought": False}]}]},
    ),
    (
        {
            "contents": [
                {
                    "parts": [
                        {"functionResponse": {"name": "f", "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]}}
                    ]
                }
            ]
        },
        HERE,
        {
            "contents": [
                {
                    "parts": [
                        {"functionResponse": {"name": "f", "parts": [{"inlineData": {"mimeType": "image/jpeg", "data": JPEG}}]}}
                    ]
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("body", "picture", "other"), SHAPES)
def test_a_picture_is_found_and_exchanged(body: Json, picture: Picture, other: Json) -> None:
    assert list(found_in(body)) == [picture]
    assert exchanged(body, lambda _: OTHER) == other


@pytest.mark.parametrize("body", [body for body, _, _ in SHAPES])
def test_what_is_not_exchanged_is_the_same_object(body: Json) -> None:
    assert exchanged(body, lambda picture: picture) is body


@pytest.mark.parametrize(
    ("part", "note"),
    [
        (BASE64, {"type": "text", "text": "[image omitted]"}),
        ({"type": "image_url", "image_url": {"url": URL}}, {"type": "text", "text": "[image omitted]"}),
        ({"type": "input_image", "image_url": URL}, {"type": "input_text", "text": "[image omitted]"}),
        ({"inlineData": {"mimeType": "image/png", "data": PNG}}, {"text": "[image omitted]"}),
    ],
)
def test_a_note_stands_in_for_a_picture_that_is_left_out(part: Json, note: Json) -> None:
    body = {"messages": [said("user", {"type": "text", "text": "q"}, part)]}
    assert exchanged(body, lambda _: None) == {"messages": [said("user", {"type": "text", "text": "q"}, note)]}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image", "source": {"type": "file", "file_id": "f"}},
        {"type": "image", "source": {"type": "url", "url": 7}},
        {"type": "image", "source": 7},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image_url"},
        {"type": "input_image", "file_id": "f"},
        {"inlineData": {"mimeType": "audio/wav", "data": "x"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": URL}},
        {"functionResponse": {"name": "f", "response": {}}},
        {"type": "text", "text": DATA_URL},
    ],
)
def test_what_holds_no_picture_is_passed_over(part: Json) -> None:
    body: dict[str, Any] = {"messages": ["odd", said("user", part)], "input": "a text"}
    assert list(found_in(body)) == []
    assert exchanged(body, lambda _: None) is body


def test_pictures_come_oldest_first_and_only_what_changed_is_new() -> None:
    body = {"messages": [said("user", BASE64), said("user", {"type": "image_url", "image_url": URL})]}
    assert list(found_in(body)) == [HERE, THERE]
    after = exchanged(body, lambda picture: replace(picture, media_type="image/gif") if picture.data else picture)
    assert after["messages"][0]["content"][0]["source"]["media_type"] == "image/gif"
    assert after["messages"][1] is body["messages"][1]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        ("R0lGODlhAQABAAAAACw=", "image/gif"),
        ("UklGRiQAAABXRUJQVlA4", "image/webp"),
        ("UklGRiQAAABXQVZFZm10", None),
        ("not base64!", None),
        ("", None),
    ],
)
def test_a_picture_is_known_by_its_beginning(data: str, media_type: str | None) -> None:
    assert sniff(data) == media_type


def test_bytes_are_known_too() -> None:
    assert kind_of(b"\x89PNG\r\n\x1a\n....") == "image/png"
    assert kind_of(b"<svg xmlns=") is None
