"""Calls and outputs of a conversation as Copilot takes them on /responses."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import notes
from copilot_api.translate.repair import Target
from copilot_api.translate.repair_responses_calls import paired
from tests.builders.models import model

TARGET = Target(model=model("gpt-5-mini"), stream=True)
SAID: Json = {"type": "message", "role": "user", "content": "q"}
TOOLS: list[Json] = [{"type": "function", "name": "f"}]


def call(id_: str, kind: str = "function_call") -> Json:
    return {"type": kind, "call_id": id_, "name": "f"}


def output(id_: str, said: object = "done", kind: str = "function_call_output") -> Json:
    return {"type": kind, "call_id": id_, "output": said}


def after(*items: Json) -> list[Json]:
    mended: list[Json] = paired({"input": [*items]}, TARGET)["input"]
    return mended


@pytest.mark.parametrize(
    "given",
    [
        "q",
        [SAID, "junk"],
        [SAID, call("a"), call("b", "custom_tool_call"), output("b", "x", "custom_tool_call_output"), output("a")],
        [{"type": "tool_search_call", "call_id": None}, {"type": "tool_search_output", "call_id": None, "tools": TOOLS}],
        [call("a"), output("a"), call("a"), output("a")],
    ],
)
def test_what_is_in_order_stays_as_it_is(given: object) -> None:
    body: Json = {"input": given}
    assert paired(body, TARGET) is body


def test_a_call_without_an_output_gets_one_that_says_so() -> None:
    assert after(call("a"), SAID) == [call("a"), output("a", notes.NO_RESULT), SAID]
    assert after(call("a")) == [call("a"), output("a", notes.NO_RESULT)]


def test_outputs_stand_behind_all_calls_of_an_answer() -> None:
    thought: Json = {"type": "reasoning", "summary": []}
    none = output("a", notes.NO_RESULT)
    assert after(call("a"), thought, call("b"), output("b"), SAID) == [call("a"), thought, call("b"), none, output("b"), SAID]


def test_a_search_for_tools_that_was_broken_off_found_none() -> None:
    search = call("a", "tool_search_call")
    assert after(search) == [search, {"type": "tool_search_output", "call_id": "a", "tools": []}]


def test_an_output_without_a_call_is_the_users_words() -> None:
    [message] = after(output("a", "found it"))
    assert message == {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": notes.orphan("a", "found it")}],
    }


def test_pictures_of_such_an_output_stay() -> None:
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
    [message] = after(output("a", [{"type": "input_text", "text": "this"}, picture]))
    assert message["content"] == [{"type": "input_text", "text": notes.orphan("a", "this")}, picture]


def test_tools_that_were_found_stay_without_the_search() -> None:
    orphan = {"type": "tool_search_output", "call_id": "a", "tools": TOOLS}
    assert after(orphan) == [{"type": "additional_tools", "role": "developer", "tools": TOOLS}]


def test_an_output_takes_the_kind_of_its_call() -> None:
    mixed = output("a", "x", "custom_tool_call_output")
    assert after(call("a"), mixed) == [call("a"), output("a", "x")]


def test_an_output_that_comes_before_its_call_is_no_output() -> None:
    first, then, last = after(output("a"), call("a"))
    assert (first["type"], then, last) == ("message", call("a"), output("a", notes.NO_RESULT))
