"""Tool results as text, with what no text can hold beside them, each with its call or told as words."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import notes
from copilot_api.translate.pairing import Calls
from copilot_api.translate.tool_answers import ToolAnswer, UserTurn, settle
from copilot_api.translate.writer import Result

PICTURE: Json = {"type": "image_url"}
MARK = {"cache_control": {"type": "ephemeral"}}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


@pytest.mark.parametrize(
    ("parts", "fields", "said"),
    [
        ([text("1")], {}, "1"),
        ([text("1"), text("2")], {}, "1\n\n2"),
        ([], {}, "(blank)"),
        ([PICTURE], {}, notes.IMAGE_BELOW),
        ([text("1"), PICTURE], {}, "1"),
        ([text("no")], {"is_error": True}, "Error: no"),
        ([text("error: no")], {"is_error": True}, "error: no"),
        ([], {"is_error": True}, "Error: (blank)"),
    ],
)
def test_a_result_as_text(parts: list[Json], fields: Any, said: str) -> None:
    answer = ToolAnswer.of(Result(id="a", parts=parts, **fields), blank="(blank)")
    assert (answer.id, answer.text) == ("a", said)
    assert answer.pictures == [part for part in parts if part is PICTURE]


def test_an_error_without_words_says_at_least_that() -> None:
    assert ToolAnswer.of(Result(id="a", parts=[], is_error=True), blank="").text == f"Error: {notes.NO_OUTPUT}"


@pytest.mark.parametrize("result", [Result(id="a", parts=[text("1") | MARK]), Result(id="a", parts=[text("1")], marked=True)])
def test_a_mark_is_the_results(result: Result) -> None:
    assert ToolAnswer.of(result, blank="") == ToolAnswer(id="a", text="1", marked=True)


def test_answers_find_their_calls() -> None:
    calls = Calls(longest_id=40)
    sent = calls.open("a.1")
    known, unknown = ToolAnswer(id="a.1", text="1", pictures=[PICTURE]), ToolAnswer(id="x", text="2", pictures=[PICTURE])
    settled = settle([known, unknown], calls, text)
    assert settled.answered == [(sent, known)]
    assert settled.below == [text(notes.attached(sent)), PICTURE]
    assert settled.orphans == [text(notes.orphan("x", "2")), PICTURE]
    assert not calls.waiting


def test_neighbours_share_the_users_turn() -> None:
    turns: list[object] = ["an answer"]
    turn = UserTurn.last_of(turns)
    assert UserTurn.last_of(turns) is turn
    turns.append("another answer")
    assert UserTurn.last_of(turns) is not turn
    assert UserTurn.last_of([]) == UserTurn()
