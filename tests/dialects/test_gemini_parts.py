"""The parts of an answer to a Gemini client: their order, calls that are whole, and where reasoning is sealed."""

import base64
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Closed, Refused, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.gemini_parts import Content, Parts, merged, sealed, unsealed

DONE = Closed(reason="tool_use")


def drawn(*events: Content, closed: Closed = DONE, shows_thoughts: bool = True) -> tuple[list[Json], list[Json], Json]:
    """The parts before the end, those of the end, and what is said of it."""
    parts = Parts(shows_thoughts=shows_thoughts)
    before = [part for event in events for part in parts.feed(event)]
    last, ending = parts.close(closed)
    return before, last, ending


def call(index: int = 0, json: str = "{}", name: str = "f") -> list[Content]:
    return [ToolOpened(index=index, id=f"c{index}", name=name), ToolInput(index=index, json=json)]


def function_call(index: int = 0, name: str = "f", **args: Any) -> Json:
    return {"functionCall": {"id": f"c{index}", "name": name, "args": args}}


def seal(*seals: str) -> Json:
    return {"thoughtSignature": sealed(list(seals))}


def test_text_refusals_and_thoughts_come_as_they_are_said() -> None:
    before, last, _ = drawn(Thought(text="Hm."), Text(text="Hei"), Refused(text="No."))
    assert before == [{"text": "Hm.", "thought": True}, {"text": "Hei"}, {"text": "No."}]
    assert last == []


def test_thoughts_are_shown_only_to_who_asked_for_them() -> None:
    before, last, _ = drawn(Thought(text="Hm."), Thought(signature="s"), Text(text="Hei"), shows_thoughts=False)
    assert before == [{"text": "Hei"} | seal("s")]
    assert last == []


def test_interleaved_calls_come_whole_in_their_order_at_the_end() -> None:
    pieces: list[Content] = [
        ToolOpened(index=0, id="c0", name="f"),
        ToolInput(index=0, json='{"a":'),
        ToolOpened(index=1, id="c1", name="g"),
        ToolInput(index=1, json='{"b":2}'),
        ToolInput(index=0, json="1}"),
        Text(text="and"),
    ]
    before, last, ending = drawn(*pieces)
    assert before == [{"text": "and"}]
    assert last == [function_call(0, a=1), function_call(1, "g", b=2)]
    assert ending == {"finishReason": "STOP"}


def test_a_call_without_arguments_has_none() -> None:
    assert drawn(ToolOpened(index=0, id="c0", name="f"))[1] == [function_call()]


def test_the_seal_of_a_thought_stands_on_the_part_that_follows() -> None:
    """Gemini CLI sends that part back and leaves the thought out."""
    thought = [Thought(text="Hm."), Thought(signature="s")]
    assert drawn(*thought, *call(), *call(1))[1] == [function_call() | seal("s"), function_call(1)]
    assert drawn(*thought, Text(text="a"), Text(text="b"))[0][1:] == [{"text": "a"} | seal("s"), {"text": "b"}]


def test_each_call_keeps_the_seal_of_the_thought_before_it() -> None:
    events = (Thought(signature="s0"), *call(), Thought(signature="s1"), *call(1))
    assert drawn(*events)[1] == [function_call() | seal("s0"), function_call(1) | seal("s1")]


def test_several_seals_share_a_part() -> None:
    assert drawn(Thought(redacted="r"), Thought(signature="s"), *call())[1] == [function_call() | seal("r", "s")]


def test_a_late_seal_goes_to_the_first_call_without_one_or_to_an_empty_text() -> None:
    assert drawn(*call(), Thought(signature="late"))[1] == [function_call() | seal("late")]
    assert drawn(Thought(signature="s"), *call(), Thought(signature="late"))[1] == [
        function_call() | seal("s"),
        {"text": ""} | seal("late"),
    ]
    assert drawn(Text(text="Hei"), Thought(signature="late"))[1] == [{"text": ""} | seal("late")]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "STOP"),
        ("stop_sequence", "STOP"),
        ("pause", "STOP"),
        ("tool_use", "STOP"),
        ("length", "MAX_TOKENS"),
        ("context_window", "MAX_TOKENS"),
        ("refusal", "SAFETY"),
    ],
)
def test_every_reason_to_end_has_its_finish(reason: Any, finish: str) -> None:
    assert drawn(closed=Closed(reason=reason))[2] == {"finishReason": finish}


def test_a_call_that_the_token_limit_cut_off_is_left_out() -> None:
    _, last, ending = drawn(*call(), *call(1, '{"a": "b'), closed=Closed(reason="length"))
    assert (last, ending) == ([function_call()], {"finishReason": "MAX_TOKENS"})


@pytest.mark.parametrize("json", ['{"a": "b', "[]", "nonsense"])
def test_arguments_that_are_no_object_spoil_all_calls_as_geminis_own_do(json: str) -> None:
    _, last, ending = drawn(*call(), *call(1, json, "g"))
    assert last == []
    assert ending["finishReason"] == "MALFORMED_FUNCTION_CALL"
    assert ending["finishMessage"].endswith("into a call of g")


def test_neighbours_of_one_kind_are_joined_and_a_seal_begins_anew() -> None:
    pieces: list[Json] = [
        {"text": "H", "thought": True},
        {"text": "m", "thought": True},
        {"text": "a"} | seal("s"),
        {"text": "b"},
        function_call(),
        {"text": "c"},
        {"text": ""} | seal("late"),
    ]
    before = [dict(piece) for piece in pieces]
    assert merged(pieces) == [
        {"text": "Hm", "thought": True},
        {"text": "ab"} | seal("s"),
        function_call(),
        {"text": "c"},
        {"text": ""} | seal("late"),
    ]
    assert pieces == before


@pytest.mark.parametrize("seals", [["cap1.m.claude.c2ln"], ["a?>b", "c~~~"]])
def test_seals_come_back_in_either_alphabet_and_without_padding(seals: list[str]) -> None:
    signature = sealed(seals)
    assert base64.b64decode(signature, validate=True)
    urlsafe = signature.replace("+", "-").replace("/", "_")
    assert [unsealed(signature), unsealed(urlsafe), unsealed(urlsafe.rstrip("="))] == [seals] * 3


@pytest.mark.parametrize("foreign", ["skip_thought_signature_validator", "not base64!", "/////w==", "", None, 7, {}])
def test_no_seals_are_in_anything_else(foreign: object) -> None:
    assert unsealed(foreign) == []
