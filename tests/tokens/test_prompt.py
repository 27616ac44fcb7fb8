from typing import Any

import pytest

from copilot_api.tokens.prompt import compact, strings


def test_json_is_written_without_blanks() -> None:
    assert compact({"a": [1, "ä", None]}) == '{"a":[1,"ä",null]}'


def deep(levels: int) -> Any:
    value: Any = "at the bottom"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("value", [{("a",): "kept"}, {"a": {1, 2}, "b": "kept"}])
def test_what_json_cannot_hold_is_reduced_to_its_texts(value: Any) -> None:
    assert compact(value) == "kept"


def test_depth_is_no_matter() -> None:
    assert compact(deep(100_000)) == "at the bottom"
    assert compact(deep(300)) == "[" * 300 + '"at the bottom"' + "]" * 300


def test_texts_are_found_with_the_key_they_stand_under() -> None:
    value = {"name": "a", "list": ["b", {"name": "c"}, 5, None], "pair": ("d",)}
    assert sorted(strings(value)) == [("a", "name"), ("b", "list"), ("c", "name"), ("d", "pair")]
