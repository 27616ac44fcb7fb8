"""Conversations for /v1/messages on their way through: what is wrong is mended, and nothing else is touched."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import repair_messages_turns as turns
from copilot_api.translate.repair import Target
from tests.builders.models import model

TARGET = Target(model=model("claude-sonnet-4.6"), stream=True)
USER: Json = {"role": "user", "content": "q"}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def use(id_: Any = "a", input_: Any = None) -> Json:
    return {"type": "tool_use", "id": id_, "name": "f", "input": {} if input_ is None else input_}


def result(id_: Any = "a", content: Any = "ok") -> Json:
    return {"type": "tool_result", "tool_use_id": id_, "content": content}


def missing(id_: str) -> Json:
    return {
        "type": "tool_result",
        "tool_use_id": id_,
        "content": "No result was provided for this tool call.",
        "is_error": True,
    }


def said(*blocks: Any) -> Json:
    return {"role": "user", "content": list(blocks)}


def answered(*blocks: Any) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def paired(*messages: Any) -> list[Any]:
    found: list[Any] = turns.results_paired({"messages": list(messages)}, TARGET)["messages"]
    return found


ALL = (
    turns.ids_cleaned,
    turns.results_paired,
    turns.inputs_mended,
    turns.thinking_newest_kept,
    turns.beginning_added,
    turns.prefill_trimmed,
    turns.thinking_off,
)


@pytest.mark.parametrize(
    "messages",
    [
        [USER, answered(text("I look."), use("a"), use("b")), said(result("b"), result("a"), text("go on"))],
        [USER, answered(use("a")), said(result("a")), answered(THOUGHT, use("b")), said(result("b", [text("x"), PICTURE]))],
        [USER, answered(use("a")), answered(use("b")), said(result("a")), said(result("b")), USER],
        [USER, {"role": "assistant", "content": "a"}],
        [USER, answered(PICTURE)],
        [],
    ],
)
def test_a_good_conversation_is_the_same_object(messages: list[Any]) -> None:
    body = {"messages": messages}
    for mend in ALL:
        assert mend(body, TARGET) is body


@pytest.mark.parametrize("body", [{"messages": "odd"}, {}, {"messages": ["odd"]}, {"messages": [{"role": 7, "content": [7]}]}])
def test_what_is_no_conversation_is_left_alone(body: Json) -> None:
    for mend in (*ALL, turns.stubs_added):
        assert mend(body, TARGET) is body


def test_a_call_without_its_result_gets_one_where_it_belongs() -> None:
    assert paired(USER, answered(use("a"), use("b")), said(result("b"), text("go on"))) == [
        USER,
        answered(use("a"), use("b")),
        said(missing("a"), result("b"), text("go on")),
    ]
    assert paired(USER, answered(use("a")), USER) == [USER, answered(use("a")), said(missing("a"), text("q"))]
    assert paired(USER, answered(use("a"))) == [USER, answered(use("a")), said(missing("a"))]
    assert paired(answered(use("a")), "odd") == [answered(use("a")), said(missing("a")), "odd"]


def test_results_come_first_in_their_turn() -> None:
    messages = [answered(use("a"), use("b")), said(text("wait"), result("a")), said(result("b"), PICTURE)]
    assert paired(*messages) == [messages[0], said(result("a"), result("b"), text("wait")), said(PICTURE)]


def test_a_result_without_its_call_is_the_users_word() -> None:
    note = text("[result of unknown tool call x] ok")
    assert paired(said(text("q"), result("x"))) == [said(text("q"), note)]
    assert paired(answered(use("a")), said(result("a"), result("x"))) == [answered(use("a")), said(result("a"), note)]
    inside = result("x", [text("Here."), PICTURE])
    assert paired(said(inside)) == [said(text("[result of unknown tool call x] Here."), PICTURE)]
    assert paired({"role": "odd", "content": [result("x")]}) == [{"role": "odd", "content": [note]}]


def test_a_second_result_for_one_call_is_none() -> None:
    messages = [answered(use("a")), said(result("a", "first"), result("a", "second"))]
    note = text("[result of unknown tool call a] second")
    assert paired(*messages) == [messages[0], said(result("a", "first"), note)]


def test_a_turn_that_is_no_object_leaves_room_for_results() -> None:
    assert turns._answered(["odd"], ["a"]) == [said(missing("a")), "odd"]


def test_ids_are_legal_and_none_is_used_twice() -> None:
    messages = [
        answered(use("call:1")),
        said(result("call:1")),
        answered(use("call:1"), use(7)),
        said(result("call:1"), result(7)),
    ]
    after = turns.ids_cleaned({"messages": messages}, TARGET)["messages"]
    first, second = after[0]["content"][0]["id"], after[2]["content"][0]["id"]
    assert first != second
    assert (after[1]["content"][0]["tool_use_id"], after[3]["content"][0]["tool_use_id"]) == (first, second)
    assert (after[2]["content"][1], after[3]["content"][1]) == (use(7), result(7))


@pytest.mark.parametrize(
    ("given", "sent"), [({"a": 1}, {"a": 1}), ('{"a": 1}', {"a": 1}), ('{"a": ', {}), ("", {}), ([1], {}), (7, {})]
)
def test_an_input_is_an_object(given: Any, sent: Json) -> None:
    after = turns.inputs_mended({"messages": [answered(use("a", given), text("x"))]}, TARGET)
    assert after["messages"] == [answered(use("a", sent), text("x"))]


def test_of_neighbours_the_newest_with_a_call_keeps_its_thinking() -> None:
    plain, with_call = answered(THOUGHT, text("a")), answered(THOUGHT, use("a"))
    after = turns.thinking_newest_kept({"messages": [USER, with_call, plain, said(result("a"))]}, TARGET)["messages"]
    assert after == [USER, with_call, answered(text("a")), said(result("a"))]
    after = turns.thinking_newest_kept({"messages": [USER, plain, plain]}, TARGET)["messages"]
    assert after == [USER, answered(text("a")), plain]


def test_the_user_has_the_first_word() -> None:
    after = turns.beginning_added({"messages": [answered(text("Hello."))]}, TARGET)["messages"]
    assert [message["role"] for message in after] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("content", "after"),
    [
        ("Here: \n", "Here:"),
        ([text("Here: ")], [text("Here:")]),
        ([text("Here:")], [text("Here:")]),
        ([use("a")], [use("a")]),
        ([], []),
        (None, None),
    ],
)
def test_a_prefill_does_not_end_in_blanks(content: Any, after: Any) -> None:
    body = {"messages": [USER, {"role": "assistant", "content": content}]}
    mended = turns.prefill_trimmed(body, TARGET)
    assert mended["messages"][1]["content"] == after
    assert (mended is body) == (content == after)


def test_tools_that_were_called_are_defined_and_not_to_be_called() -> None:
    body = {"messages": [USER, answered(use("a")), said(result("a"))]}
    after = turns.stubs_added(body, TARGET)
    assert ([tool["name"] for tool in after["tools"]], after["tool_choice"]) == (["f"], {"type": "none"})
    assert turns.stubs_added(after, TARGET) is after


@pytest.mark.parametrize(
    ("thinking", "choice", "stays"),
    [("enabled", "any", False), ("adaptive", "tool", False), ("adaptive", "auto", True), ("disabled", "any", True)],
)
def test_a_model_does_not_think_while_a_tool_is_forced(thinking: str, choice: str, stays: bool) -> None:
    body = {"thinking": {"type": thinking}, "tool_choice": {"type": choice}}
    after = turns.thinking_off(body, TARGET)
    assert ("thinking" in after, after is body) == (stays, stays)
