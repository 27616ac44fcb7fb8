"""Ids of calls: each legal, none twice, each result after its call."""

from copilot_api.translate.call_ids import CallIds
from copilot_api.translate.tool_names import legal_id


def same(id_: str) -> str:
    return id_


def test_a_good_id_stays() -> None:
    ids = CallIds()
    assert (ids.open("a", same), ids.answer("a"), ids.count) == ("a", "a", 1)


def test_an_id_that_was_used_before_is_numbered_and_its_result_with_it() -> None:
    ids = CallIds()
    assert [ids.open(id_, same) for id_ in ("a", "a", "a_2", "a")] == ["a", "a_2", "a_2_2", "a_3"]
    assert [ids.answer("a") for _ in range(3)] == ["a", "a_2", "a_3"]
    assert ids.count == 4


def test_an_odd_id_is_made_legal_and_an_empty_one_named() -> None:
    ids = CallIds()
    sent = ids.open("call:1", legal_id)
    assert sent.startswith("call_1_")
    assert ids.answer("call:1") == sent
    assert ids.open("", legal_id) == "call"
    assert ids.answer("") == "call"


def test_a_result_without_its_call_keeps_its_id() -> None:
    ids = CallIds()
    ids.open("a", same)
    ids.turn()
    assert ids.open("a", same) == "a_2"
    assert [ids.answer("a"), ids.answer("a"), ids.answer("b")] == ["a_2", "a", "b"]
