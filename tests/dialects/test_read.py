"""Reading JSON of strangers."""

import pytest

from copilot_api.dialects.read import number, obj, objs, string, strings, whole_or_none

ODD: list[object] = [None, True, 1, 1.5, "x", [], [1], {}]


@pytest.mark.parametrize("value", ODD)
def test_each_helper_gives_its_type_whatever_stands_there(value: object) -> None:
    assert isinstance(obj(value), dict)
    assert isinstance(objs(value), list)
    assert isinstance(strings(value), list)
    assert isinstance(string(value), str)
    assert isinstance(number(value), int)


def test_only_what_is_asked_for_is_taken_from_a_list() -> None:
    assert objs([{"a": 1}, "x", None, {}]) == [{"a": 1}, {}]
    assert strings([{"a": 1}, "x", None, ""]) == ["x", ""]


def test_true_is_not_a_number() -> None:
    assert whole_or_none(True) is None
    assert (whole_or_none(2.0), number(7), number("7")) == (2, 7, 0)
