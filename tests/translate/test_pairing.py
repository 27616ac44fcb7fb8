"""Every call has an id of its own, and every result one call or none."""

from hypothesis import given
from hypothesis import strategies as st

from copilot_api.translate.pairing import Calls


def test_a_result_finds_its_call() -> None:
    calls = Calls(longest_id=64)
    assert (calls.open("a"), calls.open("b")) == ("a", "b")
    assert (calls.answer("b"), calls.answer("a")) == ("b", "a")
    assert calls.give_up() == []


def test_a_result_without_a_call_finds_none() -> None:
    assert Calls(longest_id=64).answer("a") is None


def test_a_second_result_finds_none() -> None:
    calls = Calls(longest_id=64)
    calls.open("a")
    assert (calls.answer("a"), calls.answer("a")) == ("a", None)


def test_a_result_that_comes_too_late_finds_none() -> None:
    calls = Calls(longest_id=64)
    calls.open("a")
    assert calls.give_up() == ["a"]
    assert calls.answer("a") is None


def test_ids_that_are_used_again_become_unique_for_call_and_result() -> None:
    calls = Calls(longest_id=64)
    assert [calls.open("a"), calls.answer("a"), calls.open("a"), calls.answer("a"), calls.open("a")] == [
        "a", "a", "a_2", "a_2", "a_3",
    ]  # fmt: skip


def test_two_calls_of_one_turn_under_one_id_are_answered_in_order() -> None:
    calls = Calls(longest_id=64)
    assert (calls.open("a"), calls.open("a"), calls.waiting) == ("a", "a_2", ["a", "a_2"])
    assert (calls.answer("a"), calls.answer("a")) == ("a", "a_2")


def test_illegal_ids_change_alike_for_call_and_result() -> None:
    calls = Calls(longest_id=64)
    assert calls.open("functions.Bash:0") == calls.answer("functions.Bash:0") == "functions_Bash_0_a97d1507"


@given(st.lists(st.text(st.sampled_from("ab._"), min_size=1, max_size=3), max_size=20))
def test_no_two_calls_share_an_id(ids: list[str]) -> None:
    calls = Calls(longest_id=40)
    sent = [calls.open(id_) for id_ in ids]
    assert len(set(sent)) == len(sent)
    assert sorted(filter(None, map(calls.answer, ids))) == sorted(sent)
