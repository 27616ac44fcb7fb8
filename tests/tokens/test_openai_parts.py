from typing import Any

import pytest

from copilot_api.tokens.openai_parts import definition, listed, parts
from copilot_api.tokens.prompt import Document, Image


def test_parts_of_either_dialect() -> None:
    found = parts(
        [
            {"type": "output_text", "text": "a"},
            [{"type": "refusal", "refusal": "b"}, "c"],
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "high"},
            {"type": "file", "file": {"file_data": "AAAA"}},
        ]
    )
    assert sorted(found.texts) == ["a", "b", "c"]
    assert set(found.images) == {Image(data="AAAA"), Image(detail="high")}
    assert found.documents == (Document(base64_chars=4),)


@pytest.mark.parametrize(("value", "expected"), [([1], [1]), ("a", ["a"]), ({}, [{}]), (None, []), (5, [])])
def test_one_alone_is_a_list_of_one(value: Any, expected: list[Any]) -> None:
    assert listed(value) == expected


def test_a_definition_is_name_description_and_what_goes_in() -> None:
    assert definition({"name": "a", "parameters": {}, "strict": True}) == {"name": "a", "input_schema": {}}
    assert definition({"name": "a", "description": "A", "format": {"type": "text"}}) == {
        "name": "a",
        "description": "A",
        "input_schema": {"type": "text"},
    }
