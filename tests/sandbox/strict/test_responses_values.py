import pytest

from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import responses_values as values


def test_what_is_absent_is_no_value() -> None:
    assert values.optional_text({"a": None}, "a", "x.a") is None
    assert values.whole_number({}, "a") is None
    assert values.flag({}, "a", "x.a") is False
    values.one_of({"a": None}, "a", "x.a", ("b",))


def test_values_of_the_right_type_are_handed_out() -> None:
    owner = {"text": "x", "number": 3, "flag": True}
    assert values.required(owner, "text", "text", str) == "x"
    assert values.optional_text(owner, "text", "text") == "x"
    assert values.short_text(owner, "text", "text", 1) == "x"
    assert values.whole_number(owner, "number") == 3
    assert values.flag(owner, "flag", "flag") is True


@pytest.mark.parametrize(
    ("value", "got"),
    [(1.5, "a decimal"), ([], "an array"), ({}, "an object"), (True, "a boolean"), (1, "an integer")],
)
def test_a_wrong_type_is_named(value: object, got: str) -> None:
    with pytest.raises(Refusal) as caught:
        values.required({"a": value}, "a", "input[0].a", str)
    assert caught.value.message == f"Invalid type for 'input[0].a': expected a string, but got {got} instead."
    assert caught.value.code == "invalid_request_body"


def test_a_wrong_word_names_the_right_ones_and_its_place() -> None:
    with pytest.raises(Refusal) as caught:
        values.one_of({"a": ["b"]}, "a", "x.a", ("b", "c"))
    assert caught.value.message == "Invalid value: '['b']'. Supported values are: 'b', 'c'."
    assert caught.value.param == "x.a"


def test_a_strange_field_is_named_with_its_path() -> None:
    with pytest.raises(Refusal) as caught:
        values.refuse_unknown({"a": 1, "b": 2}, {"a"}, "input[3].")
    assert caught.value.message == "Unknown parameter: 'input[3].b'."
