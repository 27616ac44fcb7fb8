"""What is taken is carried, what is left is lost, and a wrong type is the client's mistake, named with its place."""

from typing import Any

import pytest

from copilot_api.errors import ClientMistake
from copilot_api.translate.fields import Fields


def test_what_nobody_takes_is_lost() -> None:
    fields = Fields({"model": "m", "seed": 3, "top_k": 0})
    assert fields.text("model") == "m"
    assert sorted(fields.losses()) == ["seed", "top_k"]


@pytest.mark.parametrize("nothing", [None, False, "", [], {}])
def test_a_field_that_says_nothing_is_no_loss(nothing: Any) -> None:
    assert list(Fields({"store": nothing}).losses()) == []


def test_losses_name_the_place_without_positions() -> None:
    fields = Fields({"messages": [{"content": [{"type": "text", "citations": [1]}, {"type": "text", "citations": [2]}]}]})
    for message in fields.objects("messages"):
        for block in message.blocks("content"):
            block.text("type")
    assert list(fields.losses()) == ["messages.content.citations", "messages.content.citations"]


def test_a_dropped_object_is_one_loss_whatever_it_held() -> None:
    fields = Fields({"tools": [{"type": "web_search_20250305", "max_uses": 3, "user_location": {"city": "Oslo"}}]})
    tool = fields.objects("tools")[0]
    tool.object("user_location")
    tool.lose("max_uses")
    tool.drop("web_search_20250305")
    assert list(fields.losses()) == ["tools.web_search_20250305"]


def test_a_field_can_be_carried_and_still_lose_something() -> None:
    fields = Fields({"stop": ["a"]})
    assert fields.items("stop") == ["a"]
    fields.lose("stop")
    assert list(fields.losses()) == ["stop"]


@pytest.mark.parametrize("key", ["a secret\nprompt", "x" * 65, "0"])
def test_keys_that_are_no_field_names_are_not_repeated(key: str) -> None:
    assert list(Fields({key: 1}).losses()) == ["unnamed"]


def test_the_clients_object_stays_whole() -> None:
    body = {"model": "m", "messages": [{"role": "user"}]}
    fields = Fields(body)
    fields.text("model")
    fields.objects("messages")[0].text("role")
    assert body == {"model": "m", "messages": [{"role": "user"}]}


@pytest.mark.parametrize(
    ("getter", "given", "taken"),
    [
        ("text", "a", "a"),
        ("text", None, ""),
        ("required_text", "a", "a"),
        ("number", 0.5, 0.5),
        ("number", None, None),
        ("whole", 8.0, 8),
        ("whole", 2**70, 2**70),
        ("whole", None, None),
        ("flag", False, False),
        ("flag", None, None),
        ("items", [1, "b"], [1, "b"]),
        ("items", None, []),
        ("take", {"any": 1}, {"any": 1}),
        ("take", None, None),
    ],
)
def test_a_field_is_taken_with_its_type(getter: str, given: Any, taken: Any) -> None:
    fields = Fields({"key": given})
    assert getattr(fields, getter)("key") == taken
    assert list(fields.losses()) == []


@pytest.mark.parametrize(
    ("getter", "given", "says"),
    [
        ("text", 1, "must be a text"),
        ("required_text", "", "is required"),
        ("required_text", None, "is required"),
        ("number", "1", "must be a number"),
        ("number", True, "must be a number"),
        ("whole", 1.5, "must be a whole number"),
        ("flag", 1, "must be true or false"),
        ("items", {}, "must be a list"),
        ("object", [], "must be an object"),
        ("objects", [1], "must be an object"),
        ("blocks", 7, "must be a list"),
    ],
)
def test_a_wrong_type_is_the_clients_mistake_and_says_where(getter: str, given: Any, says: str) -> None:
    outer = Fields({"messages": [{"key": given}]})
    inner = outer.objects("messages")[0]
    with pytest.raises(ClientMistake, match=says) as caught:
        getattr(inner, getter)("key")
    assert caught.value.status == 400
    assert caught.value.param.startswith("messages.0.key")
    assert caught.value.message.startswith(caught.value.param)


def test_the_body_itself_must_be_an_object() -> None:
    with pytest.raises(ClientMistake):
        Fields(["not", "an", "object"])


def test_a_text_stands_for_one_text_block() -> None:
    blocks = Fields({"content": "Hei!"}).blocks("content")
    assert [(block.text("type"), block.text("text")) for block in blocks] == [("text", "Hei!")]


def test_a_missing_object_has_no_fields() -> None:
    missing = Fields({}).object("thinking")
    assert missing.text("type") == ""
    assert "type" not in missing


def test_null_is_not_there() -> None:
    fields = Fields({"tools": None, "stream": False})
    assert ("tools" in fields, "stream" in fields, fields.peek("stream")) == (False, True, False)


def test_names_are_what_is_left_in_the_clients_order() -> None:
    fields = Fields({"b": 1, "a": [], "c": None, "d": 0})
    fields.take("b")
    assert fields.names() == ["a", "d"]
