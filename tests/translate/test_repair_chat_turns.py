"""Conversations for /chat/completions on their way through: what is wrong is mended, and nothing else is touched."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import repair_chat_turns as turns
from copilot_api.translate.repair import Target
from tests.builders.models import model

USER: Json = {"role": "user", "content": "q"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
TEXT = {"type": "text", "text": "Here."}


def target(id_: str = "gpt-4.1") -> Target:
    return Target(model=model(id_), stream=False)


def call(id_: Any, name: str = "f", arguments: Any = "{}") -> Json:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def calling(*ids: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": [call(id_) for id_ in ids]}


def answer(id_: Any, content: Any = "ok") -> Json:
    return {"role": "tool", "tool_call_id": id_, "content": content}


def missing(id_: str) -> Json:
    return answer(id_, "No result was provided for this tool call.")


def paired(*messages: Any) -> list[Any]:
    found: list[Any] = turns.results_paired({"messages": list(messages)}, target())["messages"]
    return found


@pytest.mark.parametrize(
    "messages",
    [
        [USER, calling("a", "b"), answer("b"), answer("a"), USER],
        [USER, calling("a"), answer("a"), calling("b"), answer("b")],
        [USER, {"role": "assistant", "content": "a"}, USER, "odd"],
        [],
    ],
)
def test_a_good_conversation_is_the_same_object(messages: list[Any]) -> None:
    body = {"messages": messages}
    for mend in (turns.ids_cleaned, turns.results_paired, turns.arguments_mended, turns.content_stated, turns.kimi_ids):
        assert mend(body, target()) is body
    assert turns.tool_pictures_moved(body, target()) is body


@pytest.mark.parametrize("body", [{"messages": "odd"}, {}, {"messages": ["odd"]}])
def test_what_is_no_conversation_is_left_alone(body: Json) -> None:
    assert turns.results_paired(body, target()) is body
    assert turns.tool_pictures_moved(body, target()) is body
    assert turns.stubs_added(body, target("claude-haiku-4.5")) is body


def test_a_call_without_its_result_gets_one_at_once() -> None:
    assert paired(USER, calling("a", "b"), answer("b"), USER) == [USER, calling("a", "b"), answer("b"), missing("a"), USER]
    assert paired(USER, calling("a")) == [USER, calling("a"), missing("a")]
    assert paired(calling("a"), calling("b"), answer("b")) == [calling("a"), missing("a"), calling("b"), answer("b")]


def test_a_result_that_comes_late_in_its_turn_is_moved_up() -> None:
    assert paired(calling("a"), USER, answer("a")) == [calling("a"), answer("a"), USER]


def test_a_result_without_its_call_is_the_users_word() -> None:
    said = {"role": "user", "content": "[result of unknown tool call x] ok"}
    assert paired(USER, answer("x")) == [USER, said]
    assert paired(calling("a"), answer("a"), answer("x")) == [calling("a"), answer("a"), said]
    with_picture = [{"type": "text", "text": "[result of unknown tool call x] Here."}, PICTURE]
    assert paired(answer("x", [TEXT, PICTURE])) == [{"role": "user", "content": with_picture}]


def test_calls_without_an_id_are_left_to_upstream() -> None:
    assert paired(calling(None)) == [calling(None)]
    body = {"messages": [calling(None, 7), answer(None)]}
    assert turns.ids_cleaned(body, target()) is body


@pytest.mark.parametrize(
    ("id_", "given", "kept"),
    [
        ("claude-haiku-4.5", "call:1", False),
        ("claude-haiku-4.5", "x" * 65, False),
        ("gpt-4.1", "call:1", True),
        ("gpt-4.1", "x" * 41, False),
        ("gemini-3.8-flash", "x" * 80, True),
    ],
)
def test_an_id_is_only_changed_where_it_is_refused(id_: str, given: str, kept: bool) -> None:
    after = turns.ids_cleaned({"messages": [calling(given), answer(given)]}, target(id_))["messages"]
    sent = after[0]["tool_calls"][0]["id"]
    assert after[1]["tool_call_id"] == sent
    assert (sent == given) is kept


def test_the_same_id_in_another_turn_is_another_id() -> None:
    after = turns.ids_cleaned({"messages": [calling("a"), USER, calling("a"), answer("a")]}, target())["messages"]
    assert after == [calling("a"), USER, calling("a_2"), answer("a_2")]


def test_kimis_ids_are_numbered_through() -> None:
    messages = [calling("x", "y"), answer("y"), answer("x"), calling("x"), answer("x")]
    after = turns.kimi_ids({"messages": messages}, target("kimi-k3"))["messages"]
    assert after == [calling("f:0", "f:1"), answer("f:1"), answer("f:0"), calling("f:2"), answer("f:2")]
    older = Target(model=model("kimi-k3").__class__(id="kimi-k2.5", vendor="Moonshot AI"), stream=False)
    assert turns.kimi_ids({"messages": messages[:1]}, older)["messages"] == [calling("functions.f:0", "functions.f:1")]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ('{"n": 12345678901234567890123, "a": 1.0}', '{"n": 12345678901234567890123, "a": 1.0}'),
        ("", "{}"),
        ('{"a":1}{"a":1}', '{"a":1}'),
        ('{"path": "a.tx', "{}"),
        ("[1]", "{}"),
        ({"a": 1}, '{"a":1}'),
        (None, "{}"),
    ],
)
def test_arguments_are_an_object_in_the_models_own_words(given: Any, sent: str) -> None:
    body = {"messages": [{"role": "assistant", "tool_calls": [call("a", arguments=given), {"id": "b", "type": "custom"}]}]}
    after = turns.arguments_mended(body, target())
    assert after["messages"][0]["tool_calls"] == [call("a", arguments=sent), {"id": "b", "type": "custom"}]
    assert (after is body) == (given == sent)


@pytest.mark.parametrize(
    ("message", "after"),
    [
        ({"role": "assistant", "content": "a", "tool_calls": []}, {"role": "assistant", "content": "a"}),
        ({"role": "assistant", "content": None, "tool_calls": None}, None),
        ({"role": "assistant", "content": None, "refusal": "No."}, {"role": "assistant", "content": "No."}),
        ({"role": "assistant", "function_call": {}}, {"role": "assistant", "function_call": {}}),
        ({"role": "tool", "tool_call_id": "a"}, {"role": "tool", "tool_call_id": "a", "content": ""}),
        ({"role": "function", "name": "f", "content": None}, {"role": "function", "name": "f", "content": ""}),
        ({"role": "user", "content": None}, None),
    ],
)
def test_what_says_nothing_is_left_out(message: Json, after: Json | None) -> None:
    said = turns.content_stated({"messages": [USER, message]}, target())["messages"]
    assert said == [USER, *([after] if after else [])]


def test_pictures_of_tools_follow_all_results_of_their_turn() -> None:
    messages = [
        calling("a", "b"),
        answer("a", [TEXT, PICTURE]),
        answer("b", [PICTURE]),
        USER,
        calling("c"),
        answer("c", [PICTURE]),
    ]
    after = turns.tool_pictures_moved({"messages": messages}, target())["messages"]

    def attached(id_: str) -> list[Json]:
        return [{"type": "text", "text": f"Attached output of tool call {id_}:"}, PICTURE]

    assert after == [
        calling("a", "b"),
        answer("a", [TEXT]),
        answer("b", "[image attached below]"),
        {"role": "user", "content": [*attached("a"), *attached("b")]},
        USER,
        calling("c"),
        answer("c", "[image attached below]"),
        {"role": "user", "content": attached("c")},
    ]


@pytest.mark.parametrize(
    ("id_", "more", "added"),
    [("claude-haiku-4.5", {}, True), ("claude-haiku-4.5", {"tools": [{"type": "function"}]}, False), ("gpt-4.1", {}, False)],
)
def test_claude_gets_definitions_of_the_tools_that_were_called(id_: str, more: Json, added: bool) -> None:
    body = {"messages": [calling("a"), answer("a")], **more}
    after = turns.stubs_added(body, target(id_))
    assert (after is not body) is added
    assert (after.get("tool_choice") == "none") is added


@pytest.mark.parametrize(
    ("id_", "choice", "thinks"),
    [
        ("claude-sonnet-4.6", "required", False),
        ("claude-sonnet-4.6", {"type": "function", "function": {"name": "f"}}, False),
        ("claude-sonnet-4.6", "auto", True),
        ("gpt-5-mini", "required", True),
    ],
)
def test_claude_does_not_think_while_a_tool_is_forced(id_: str, choice: Any, thinks: bool) -> None:
    body = {"messages": [USER], "tool_choice": choice, "reasoning_effort": "high", "thinking_budget": 2000}
    after = turns.thinking_off(body, target(id_))
    assert (after is body) is thinks
    assert ("reasoning_effort" in after, "thinking_budget" in after) == (thinks, thinks)
