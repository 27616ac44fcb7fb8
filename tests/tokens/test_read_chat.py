from typing import Any

import pytest

from copilot_api.tokens.prompt import Call, Document, Image, Prompt, Tool, Turn
from copilot_api.tokens.read_chat import prompt


def turn(message: Any) -> Turn:
    (only,) = prompt({"messages": [message]}).turns
    return only


def test_a_plain_message() -> None:
    assert turn({"role": "user", "content": "Hello"}) == Turn(role="user", texts=("Hello",))


def test_short_texts_beside_the_content_are_labels() -> None:
    message = {"role": "tool", "tool_call_id": "call_1", "name": "ping", "content": "pong", "status": None}
    assert turn(message) == Turn(role="tool", labels=("call_1", "ping"), has_name=True, texts=("pong",))


def test_parts_are_texts_pictures_and_files() -> None:
    parts = [
        {"type": "text", "text": "a"},
        "b",
        [{"type": "input_text", "text": "c"}],
        {"type": "refusal", "refusal": "d"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
        {"type": "input_image", "image_url": "data:image/png;base64,BBBB", "detail": "high"},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAAAAAA"}},
        {"type": "input_file", "file_data": "AAAA"},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
    found = turn({"role": "user", "content": parts})
    assert sorted(found.texts) == ["a", "b", "c", "d"]
    assert set(found.images) == {Image(data="AAAA", detail="low"), Image(), Image(data="BBBB", detail="high")}
    assert set(found.documents) == {Document(base64_chars=8), Document(base64_chars=4), Document()}


def test_sound_is_not_counted() -> None:
    part = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    assert turn({"role": "user", "content": [part]}) == Turn(role="user", texts=("",))


def test_calls_of_every_kind() -> None:
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
            {"id": "call_2", "type": "custom", "custom": {"name": "g", "input": "text"}},
            {"id": "call_3", "function": {"name": "h", "arguments": {"a": 1}}},
        ],
        "function_call": {"name": "old", "arguments": "{}"},
    }
    assert turn(message).calls == (
        Call(id="call_1", name="f", arguments='{"a":1}'),
        Call(id="call_2", name="g", arguments="text"),
        Call(id="call_3", name="h", arguments='{"a":1}'),
        Call(id="", name="old", arguments="{}"),
    )


def test_reasoning_counts_only_in_the_turn_at_work_and_its_encrypted_form_never() -> None:
    thinking = {"role": "assistant", "content": "x", "reasoning_text": "hm", "reasoning_opaque": "gAAAA"}
    turns = prompt({"messages": [thinking, {"role": "user", "content": "q"}, thinking]}).turns
    assert [turn.only_claude for turn in turns] == [(), (), ("hm",)]
    assert turns[2].labels == ()


def test_tools_old_and_new() -> None:
    schema = {"type": "object"}
    body = {
        "tools": [
            {"type": "function", "function": {"name": "a", "description": "A.", "parameters": schema}},
            {"type": "custom", "custom": {"name": "b", "format": {"type": "text"}}},
            {"type": "function", "name": "c", "parameters": schema},
            "no tool",
        ],
        "functions": [{"name": "d"}],
    }
    assert prompt(body).tools == (
        Tool(definition={"name": "a", "description": "A.", "input_schema": schema}),
        Tool(definition={"name": "b", "input_schema": {"type": "text"}}),
        Tool(definition={"name": "c", "input_schema": schema}),
        Tool(definition={"name": "d"}),
    )


@pytest.mark.parametrize(
    ("choice", "must"),
    [("auto", False), ("none", False), (None, False), ("required", True), ({"type": "function"}, True)],
)
def test_whether_a_tool_must_be_used(choice: Any, must: bool) -> None:
    assert prompt({"tool_choice": choice}).must_use_tool is must


def test_the_schema_of_a_structured_answer() -> None:
    body = {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}}
    assert prompt(body).answer_schema == {"type": "object"}
    assert prompt({"response_format": {"type": "json_object"}}).answer_schema is None


@pytest.mark.parametrize("messages", [None, 5, True, [], ""])
def test_no_messages_are_no_turns(messages: Any) -> None:
    assert [turn.texts for turn in prompt({"messages": messages}).turns] in ([], [("",)])
    assert prompt({}) == Prompt()


def test_text_outside_of_messages_is_still_text() -> None:
    assert prompt({"messages": "Hello"}).turns == (Turn(role="user", texts=("Hello",)),)
    assert prompt({"messages": {"role": "user", "content": "Hello"}}).turns == (Turn(role="user", texts=("Hello",)),)
    assert prompt({"messages": [["Hello"], 5, None]}).turns == (
        Turn(role="user", texts=("Hello",)),
        Turn(role="user"),
        Turn(role="user"),
    )
