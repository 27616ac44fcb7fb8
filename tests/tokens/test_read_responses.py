from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.tokens.prompt import Call, Document, Image, Prompt, Tool, Turn
from copilot_api.tokens.read_responses import prompt

USER = {"role": "user", "content": "q"}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": '{"a":1}', "status": "completed"}
SEALED = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}], "encrypted_content": "A" * 80}


def turns(*items: Any, **fields: Any) -> tuple[Turn, ...]:
    return prompt({"input": list(items), **fields}).turns


def test_a_text_is_what_the_user_says() -> None:
    assert prompt({"input": "Hello", "instructions": "Be brief."}).turns == (
        Turn(role="system", texts=("Be brief.",)),
        Turn(role="user", texts=("Hello",)),
    )
    assert turns("Hello") == (Turn(role="user", texts=("Hello",)),)


@pytest.mark.parametrize("item", [USER, USER | {"type": "message"}, {"role": "user", "content": [{"text": "q"}]}])
def test_a_message_with_and_without_its_type(item: Json) -> None:
    assert turns(item) == (Turn(role="user", texts=("q",)),)


def test_pictures_and_files() -> None:
    content = [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,AAAAAAAA"},
    ]
    [turn] = turns({"role": "user", "content": content})
    assert (turn.images, turn.documents) == ((Image(data="AAAA", detail="low"),), (Document(base64_chars=8),))


def test_what_the_assistant_does_in_a_row_is_one_message() -> None:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]}
    custom = {"type": "custom_tool_call", "call_id": "call_2", "name": "g", "input": "text"}
    odd = {"type": "function_call", "call_id": "call_3", "name": "h", "arguments": {"a": 1}}
    result = {"type": "function_call_output", "call_id": "call_1", "output": "a.txt"}
    shown = {"type": "custom_tool_call_output", "call_id": "call_2", "output": [{"type": "input_text", "text": "b"}]}
    assert turns(USER, SEALED, said, CALL, custom, odd, result, shown, said) == (
        Turn(role="user", texts=("q",)),
        Turn(
            role="assistant",
            texts=("I look.",),
            calls=(
                Call(id="call_1", name="f", arguments='{"a":1}'),
                Call(id="call_2", name="g", arguments="text"),
                Call(id="call_3", name="h", arguments='{"a":1}'),
            ),
            sealed_chars=80,
        ),
        Turn(role="tool", labels=("call_1",), texts=("a.txt",)),
        Turn(role="tool", labels=("call_2",), texts=("b",)),
        Turn(role="assistant", texts=("I look.",)),
    )


def test_reasoning_counts_only_in_the_turn_at_work_unless_all_turns_are_asked_for() -> None:
    assert turns(USER, SEALED, USER) == (Turn(role="user", texts=("q",)), Turn(role="user", texts=("q",)))
    sealed = Turn(role="assistant", sealed_chars=80)
    assert turns(USER, SEALED, USER, reasoning={"context": "all_turns"})[1] == sealed
    assert turns(USER, SEALED)[1] == sealed


def test_reasoning_that_is_not_encrypted_counts_by_what_is_shown() -> None:
    shown = {"type": "reasoning", "summary": [{"text": "s"}], "content": [{"type": "reasoning_text", "text": "t"}]}
    [_, turn] = turns(USER, shown)
    assert sorted(turn.only_claude) == ["s", "t"]


def test_a_compacted_conversation_counts_by_its_size() -> None:
    assert turns({"type": "compaction", "id": "c", "encrypted_content": "A" * 40}) == (Turn(role="user", sealed_chars=40),)


def test_what_is_no_prompt_is_not_counted() -> None:
    assert turns({"type": "item_reference", "id": "msg_1"}, {"type": "compaction_trigger"}) == ()


def test_items_that_are_not_known_count_as_their_json() -> None:
    call = {"type": "local_shell_call", "id": "x", "status": "completed", "action": {"command": ["ls"]}}
    output = {"type": "local_shell_call_output", "id": "x", "output": "a"}
    assert turns(call, output) == (
        Turn(role="assistant", texts=('{"action":{"command":["ls"]}}',)),
        Turn(role="tool", texts=('{"output":"a"}',)),
    )


def test_tools_wherever_they_stand() -> None:
    schema = {"type": "object"}
    function = {"type": "function", "name": "a", "description": "A.", "parameters": schema, "strict": False}
    custom = {"type": "custom", "name": "b", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}}
    namespace = {"type": "namespace", "name": "n", "description": "N", "tools": [function, "no tool"]}
    hosted = {"type": "web_search", "search_context_size": "low"}
    body = {
        "tools": [function, custom, hosted],
        "input": [{"type": "additional_tools", "role": "developer", "tools": [namespace]}, USER],
        "tool_choice": {"type": "function", "name": "a"},
    }
    found = prompt(body)
    assert found.turns == (Turn(role="user", texts=("q",)),)
    assert [tool.definition for tool in found.tools] == [
        {"name": "a", "description": "A.", "input_schema": schema},
        {"name": "b", "input_schema": {"type": "grammar", "syntax": "lark", "definition": "x"}},
        {"name": "web_search", "search_context_size": "low"},
        {"name": "a", "description": "A.", "input_schema": schema},
    ]
    assert found.tools[2].builtin == "web_search"
    assert found.must_use_tool


def test_the_schema_of_the_answer() -> None:
    body = {"input": "q", "text": {"format": {"type": "json_schema", "schema": {"type": "object"}}}, "tool_choice": "required"}
    assert (prompt(body).answer_schema, prompt(body).must_use_tool) == ({"type": "object"}, True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": None, "instructions": 5, "tools": "x", "text": [], "reasoning": "x", "tool_choice": "auto"},
        {"input": [None, 5, [], {"type": 5}, {"type": "function_call"}, {"type": "reasoning", "summary": 5}, {"role": "user"}]},
    ],
)
def test_any_json_is_read(body: Json) -> None:
    assert isinstance(prompt(body), Prompt)


def test_an_object_in_place_of_the_list_is_read_as_one_item() -> None:
    assert prompt({"input": USER}).turns == (Turn(role="user", texts=("q",)),)
    assert prompt({"tools": [{"name": "x"}]}).tools == (Tool(definition={"name": "x"}),)
