from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.tokens.prompt import Call, Document, Image, Prompt, Tool, Turn
from copilot_api.tokens.read_messages import prompt

PDF = {"type": "document", "title": "Report", "source": {"type": "base64", "media_type": "application/pdf", "data": "A" * 80}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def turns(*messages: Any) -> tuple[Turn, ...]:
    return prompt({"messages": list(messages)}).turns


def only(*blocks: Any) -> Turn:
    (turn,) = turns(user(*blocks))
    return turn


def test_plain_messages() -> None:
    assert turns({"role": "user", "content": "Hello"}, {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]}) == (
        Turn(role="user", texts=("Hello",)),
        Turn(role="assistant", texts=("Hi",)),
    )


@pytest.mark.parametrize(
    "system", ["Be brief.", [{"type": "text", "text": "Be brief."}], {"type": "text", "text": "Be brief."}]
)
def test_the_system_prompt_is_the_first_turn(system: Any) -> None:
    assert prompt({"system": system}).turns == (Turn(role="system", texts=("Be brief.",)),)


@pytest.mark.parametrize("system", [None, [], 5])
def test_no_system_prompt_is_no_turn(system: Any) -> None:
    assert prompt({"system": system}) == Prompt()


def test_the_attribution_of_claude_code_is_not_prompt_text() -> None:
    header = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329"}
    assert prompt({"system": [header, {"type": "text", "text": "Be brief."}]}).turns[0].texts == ("Be brief.",)
    assert prompt({"system": [header]}).turns == ()


def test_a_system_message_in_the_middle_is_a_turn() -> None:
    assert turns({"role": "system", "content": "New rule."}) == (Turn(role="system", texts=("New rule.",)),)


def test_pictures_and_files() -> None:
    assert only({"type": "image", "source": {"type": "base64", "data": "AAAA"}}).images == (Image(data="AAAA"),)
    assert only({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}).images == (Image(),)
    assert only(PDF) == Turn(
        role="user",
        documents=(Document(base64_chars=80, note="[document: Report omitted]"),),
        only_claude=("Report", ""),
    )
    unseen = only({"type": "document", "source": {"type": "file", "file_id": "file_1"}})
    assert unseen.documents == (Document(note="[document: untitled omitted]"),)


def test_documents_of_text_are_text() -> None:
    text = {"type": "document", "title": "T", "context": "C", "source": {"type": "text", "data": "body"}}
    assert only(text).texts == ("T", "C", "body")
    blocks = {"type": "document", "title": "T", "source": {"type": "content", "content": [{"type": "text", "text": "body"}]}}
    assert only(blocks).texts == ("T", "", "body")


def test_a_search_result_is_its_title_source_and_text() -> None:
    block = {"type": "search_result", "title": "T", "source": "S", "content": [{"type": "text", "text": "body"}]}
    assert only(block).texts == ("T", "S", "body")


def test_tool_results_come_first_each_as_a_turn_and_belong_to_one_message() -> None:
    results = (
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "a"},
        {"type": "tool_result", "tool_use_id": "toolu_2", "content": [{"type": "text", "text": "b"}, PDF], "is_error": True},
    )
    assert turns(user({"type": "text", "text": "and now?"}, *results)) == (
        Turn(role="tool", labels=("toolu_1",), texts=("a",)),
        Turn(
            role="tool",
            labels=("toolu_2",),
            texts=("b",),
            documents=(Document(base64_chars=80, note="[document: Report omitted]"),),
            only_claude=("Report", ""),
            continues=True,
        ),
        Turn(role="user", texts=("and now?",), continues=True),
    )


def test_a_message_of_results_alone_has_no_turn_besides_them() -> None:
    assert turns(user({"type": "tool_result", "tool_use_id": "toolu_1"})) == (Turn(role="tool", labels=("toolu_1",)),)


def test_a_picture_in_a_tool_result_is_a_picture() -> None:
    picture = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    (turn,) = turns(user({"type": "tool_result", "tool_use_id": "toolu_1", "content": [picture]}))
    assert turn.images == (Image(data="AAAA"),)


def test_calls_hold_their_input_as_compact_json() -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls -l"}}
    assert only(block).calls == (Call(id="toolu_1", name="Bash", arguments='{"command":"ls -l"}'),)
    assert only({"type": "tool_use"}).calls == (Call(id="", name="", arguments="{}"),)


def test_what_a_server_tool_did_is_for_claude_alone() -> None:
    turn = only(
        {"type": "server_tool_use", "name": "web_search", "input": {"query": "q"}},
        {
            "type": "web_search_tool_result",
            "content": [{"type": "web_search_result", "title": "T", "encrypted_content": "A" * 40}],
        },
    )
    assert turn == Turn(role="user", only_claude=("web_search", '{"query":"q"}', "T", "web_search_result"), opaque_chars=40)


def test_a_block_nobody_knows_counts_with_its_text_and_content() -> None:
    block = {"type": "mid_conv_system", "text": "a", "content": [{"type": "text", "text": "b"}, "c"]}
    assert only(block, {"type": "container_upload", "file_id": "f"}).texts == ("a", "b", "c", "")


# Thinking


def thought(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "thinking", "thinking": text, "signature": "S" * 40}]}


def test_thinking_of_earlier_turns_is_left_out() -> None:
    found = turns(user("q1"), thought("old"), user("q2"), thought("new"))
    assert [turn.only_claude for turn in found] == [(), (), (), ("new",)]


def test_a_turn_goes_on_while_only_tool_results_come_back() -> None:
    found = turns(user("q"), thought("first"), user({"type": "tool_result", "content": "a"}), thought("second"))
    assert [turn.only_claude for turn in found] == [(), ("first",), (), ("second",)]


def test_text_beside_tool_results_begins_a_turn() -> None:
    found = turns(user("q"), thought("first"), user({"type": "tool_result", "content": "a"}, {"type": "text", "text": "b"}))
    assert all(turn.only_claude == () for turn in found)


def test_a_withheld_thought_is_counted_by_its_encrypted_bytes() -> None:
    withheld = {"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "S" * 40}]}
    redacted = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "D" * 80}]}
    assert [turn.opaque_chars for turn in turns(user("q"), withheld, redacted, thought("seen"))] == [0, 40, 80, 0]


# Tools


def test_a_tool_is_its_definition_without_hints_for_the_api() -> None:
    schema = {"type": "object"}
    tool = {"name": "a", "description": "A", "input_schema": schema, "cache_control": {"type": "ephemeral"}, "strict": True}
    assert prompt({"tools": [tool]}).tools == (Tool(definition={"name": "a", "description": "A", "input_schema": schema}),)
    assert prompt({"tools": [{"type": "custom", "name": "a"}]}).tools == (Tool(definition={"name": "a"}),)


def test_a_tool_that_anthropic_defines_is_known_by_its_type() -> None:
    tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
    assert prompt({"tools": [tool]}).tools == (
        Tool(definition={"name": "web_search", "max_uses": 5}, builtin="web_search_20250305"),
    )


def test_a_deferred_tool_stays_so_until_a_search_has_found_it() -> None:
    tools: list[Json] = [{"name": name, "input_schema": {}, "defer_loading": True} for name in ("found", "hidden")]
    reference = {"type": "tool_reference", "tool_name": "found"}
    body = {"tools": tools, "messages": [user({"type": "tool_result", "tool_use_id": "t", "content": [reference]})]}
    assert [tool.is_deferred for tool in prompt(body).tools] == [False, True]
    assert prompt(body).turns[0].texts == ("found",)


@pytest.mark.parametrize(
    ("choice", "must"),
    [({"type": "auto"}, False), ({"type": "none"}, False), (None, False), ({"type": "any"}, True), ({"type": "tool"}, True)],
)
def test_whether_a_tool_must_be_used(choice: Any, must: bool) -> None:
    assert prompt({"tool_choice": choice}).must_use_tool is must


def test_the_schema_of_a_structured_answer() -> None:
    body = {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}
    assert prompt(body).answer_schema == {"type": "object"}


def test_text_outside_of_messages_is_still_text() -> None:
    assert prompt({"messages": "Hello"}).turns == (Turn(role="user", texts=("Hello",)),)
    assert turns(["Hello"], 5) == (Turn(role="user", texts=("Hello",)), Turn(role="user"))
