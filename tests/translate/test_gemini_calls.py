"""Ids for clients that name none: always the same ones, and for each response the call that it answers."""

from copilot_api.translate.gemini_calls import CallIds


def test_a_client_keeps_its_own_ids() -> None:
    ids = CallIds()
    assert [ids.call("f", "x1"), ids.call("f", "x2")] == ["x1", "x2"]
    assert [ids.answer("f", "x2"), ids.answer("f", "x1")] == ["x2", "x1"]


def test_calls_without_ids_are_numbered_through_the_conversation() -> None:
    ids = CallIds()
    assert [ids.call("f", ""), ids.call("g", "own"), ids.call("f", "")] == ["gemini_call_1", "own", "gemini_call_3"]
    ids.begin()
    assert ids.call("f", "") == "gemini_call_4"


def test_responses_without_ids_answer_the_calls_of_their_function_in_order() -> None:
    ids = CallIds()
    first, other, second = ids.call("f", ""), ids.call("g", ""), ids.call("f", "")
    assert [ids.answer("f", ""), ids.answer("f", ""), ids.answer("g", "")] == [first, second, other]


def test_an_id_on_one_side_only_does_not_part_a_call_from_its_response() -> None:
    ids = CallIds()
    ids.call("f", "own")
    minted = ids.call("g", "")
    assert [ids.answer("f", ""), ids.answer("g", "made-up")] == ["own", minted]


def test_a_response_without_a_call_answers_none() -> None:
    ids = CallIds()
    assert [ids.answer("f", ""), ids.answer("f", "x")] == ["f", "x"]


def test_a_call_that_was_not_answered_in_its_turn_waits_no_longer() -> None:
    ids = CallIds()
    ids.call("f", "")
    ids.begin()
    second = ids.call("f", "")
    assert ids.answer("f", "") == second
