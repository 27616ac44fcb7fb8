from typing import Any

import pytest

from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import structure


@pytest.mark.parametrize(
    "messages",
    [
        None,
        "text",
        [],
        ["text"],
        [{"content": "x"}],
        [{"role": 7, "content": "x"}],
        [{"role": "user", "content": 7}],
        [{"role": "user", "content": ["x"]}],
        [{"role": "user", "content": [{"text": "x"}]}],
        [{"role": "user", "content": [{"type": 7}]}],
    ],
)
def test_what_is_no_conversation(messages: Any) -> None:
    with pytest.raises(Refusal, match=r"messages"):
        structure.check({"messages": messages})


def test_what_is_a_conversation() -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "assistant"}, {"role": "user", "content": [{"type": "text"}]}]
    assert structure.check({"messages": messages}) is messages


def test_text_is_a_block_and_nothing_is_none() -> None:
    assert structure.blocks({"content": "x"}) == [{"type": "text", "text": "x"}]
    assert structure.blocks({"content": None}) == structure.blocks({"content": ""}) == structure.blocks({}) == []


def test_lists_of_objects() -> None:
    assert structure.objects({"a": [{}]}, "a") == [{}]
    assert structure.objects({"a": None}, "a") == structure.objects({}, "a") == []
    for value in ("x", [1], {"b": 1}):
        with pytest.raises(Refusal, match="a: Input should be a valid list of objects"):
            structure.objects({"a": value}, "a")


def test_objects() -> None:
    assert structure.an_object({"a": {"b": 1}}, "a") == {"b": 1}
    assert structure.an_object({}, "a") == {}
    with pytest.raises(Refusal, match=r"x\.a: Input should be a valid dictionary"):
        structure.an_object({"a": "x"}, "a", "x.a")


def test_numbers() -> None:
    assert structure.number({"a": 1.5}, "a", low=1, high=2) == 1.5
    assert structure.number({"a": None}, "a", low=1) is None
    values: list[Any] = ["1", True, [], {}]
    for value in values:
        with pytest.raises(Refusal, match="a: Input should be a valid number"):
            structure.number({"a": value}, "a")
    with pytest.raises(Refusal, match="greater than or equal to 1"):
        structure.number({"a": 0}, "a", low=1)
    with pytest.raises(Refusal, match=r"x: Input should be less than or equal to 0\.5"):
        structure.number({"a": 1}, "a", "x", high=0.5)
