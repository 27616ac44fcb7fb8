"""What /v1/messages refuses, and what we send instead. Each test names the row of the table it proves."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate.repair_messages import CONTEXT_BETA, TOOL_USE_BETA
from tests.builders.mending import ASK, MARK, TOOL, calling, repaired, text


def test_a_plain_request_is_left_alone() -> None:
    assert repaired() == (ASK, ())


def test_fields_dropped_that_copilot_does_not_know() -> None:
    extra: Json = {
        "service_tier": "auto",
        "container": "c",
        "mcp_servers": [],
        "speed": "fast",
        "context_management": {"edits": []},
    }
    assert repaired(**extra) == (ASK, ("fields-dropped",))


def test_context_management_stays_with_its_beta() -> None:
    assert repaired(betas=(CONTEXT_BETA,), context_management={"edits": []})[1] == ()


def test_billing_header_stripped() -> None:
    header = text("x-anthropic-billing-header: cc_version=2.1;")
    assert repaired(system=[header, text("You are")]) == (ASK | {"system": [text("You are")]}, ("billing-header-stripped",))
    assert repaired(system=[header]) == (ASK, ("billing-header-stripped",))
    assert repaired(system=[text("You are"), header])[1] == ()
    assert repaired(system=[])[1] == ()


def test_system_moved_into_the_user_message_before_it() -> None:
    messages = [
        {"role": "system", "content": "early"},
        {"role": "user", "content": "q"},
        {"role": "system", "content": [text("late", cache_control=MARK), text(" ")]},
        {"role": "assistant", "content": "a"},
        {"role": "system", "content": "later"},
        {"role": "assistant", "content": "b"},
    ]
    body, fired = repaired(messages=messages, system="first")
    assert body["system"] == [text("first"), text("<system-reminder>\nearly\n</system-reminder>")]
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                text("q"),
                text("<system-reminder>\nlate\n</system-reminder>", cache_control=MARK),
                text("<system-reminder>\nlater\n</system-reminder>"),
            ],
        },
        {"role": "assistant", "content": "a"},
        {"role": "assistant", "content": "b"},
    ]
    assert fired == ("system-moved",)


def test_a_system_message_stays_where_it_was_put_when_the_conversation_grows() -> None:
    turn = [{"role": "user", "content": "q"}, {"role": "system", "content": "note"}]
    first, _ = repaired(messages=turn)
    second, _ = repaired(messages=[*turn, {"role": "assistant", "content": "a"}, {"role": "user", "content": "more"}])
    assert second["messages"][: len(first["messages"])] == first["messages"]


def test_server_tools_dropped() -> None:
    search, own = {"type": "web_search_20250305", "name": "web_search"}, {"name": "f", "input_schema": {"type": "object"}}
    assert repaired(tools=[search, own]) == (ASK | {"tools": [own]}, ("server-tools-dropped",))
    assert repaired(tools=[search], tool_choice={"type": "auto"}) == (ASK, ("server-tools-dropped",))


def test_a_request_that_lives_by_a_server_tool_is_told_so() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    with pytest.raises(ClientMistake, match="web_search"):
        repaired(tools=[search], tool_choice={"type": "tool", "name": "web_search"})


def test_server_blocks_dropped() -> None:
    used = [{"type": "server_tool_use", "id": "s"}, {"type": "web_search_tool_result", "tool_use_id": "s"}, text("found")]
    body, fired = repaired(messages=[*ASK["messages"], {"role": "assistant", "content": used}, *ASK["messages"]])
    assert body["messages"][1]["content"] == [text("found")]
    assert fired == ("server-blocks-dropped",)


def test_tool_fields_dropped() -> None:
    schema = {"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"}
    tool = {"name": "f", "input_schema": schema, "eager_input_streaming": True, "defer_loading": True}
    plain = {"name": "f", "input_schema": {"type": "object"}}
    assert repaired(tools=[tool]) == (ASK | {"tools": [plain]}, ("tool-fields-dropped",))
    assert repaired(tools=[tool], betas=(TOOL_USE_BETA,))[0]["tools"] == [plain | {"defer_loading": True}]
    assert repaired(tools=[]) == (ASK, ("tool-fields-dropped",))
    strict = [plain | {"strict": True}]
    assert repaired("claude-haiku-4.5", tools=strict) == (ASK | {"tools": [plain]}, ("tool-fields-dropped",))
    assert repaired("claude-sonnet-4.6", tools=strict)[1] == ()


def test_blank_text_dropped() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [text(" ")]}
    spaced = {"type": "tool_result", "tool_use_id": "u", "content": [text("x"), text("")]}
    empty = {"type": "tool_result", "tool_use_id": "v", "content": []}
    messages = [
        {"role": "user", "content": " \n"},
        {"role": "user", "content": []},
        {"role": "user", "content": [text("")]},
        *calling("t", "u", "v"),
        {"role": "user", "content": [result, spaced, empty, text("q"), text("\t")]},
    ]
    body, fired = repaired(messages=messages, system=[text(" "), text("s")], tools=[TOOL])
    assert body["system"] == [text("s")]
    plain = [{"type": "tool_result", "tool_use_id": "t"}, spaced | {"content": [text("x")]}, empty, text("q")]
    assert body["messages"] == [*calling("t", "u", "v"), {"role": "user", "content": plain}]
    assert fired == ("blank-text-dropped",)


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [
        ("claude-sonnet-4.6", {"effort": "high"}, {"effort": "high"}),
        ("claude-sonnet-4.6", {"effort": "max"}, {"effort": "high"}),
        ("claude-sonnet-4.6", {"effort": "odd"}, None),
        ("claude-haiku-4.5", {"effort": "high", "format": {"type": "json_schema"}}, {"format": {"type": "json_schema"}}),
        ("claude-haiku-4.5", {"effort": "max"}, None),
        ("claude-sonnet-4.6", {"task_budget": 1, "effort": "low"}, {"effort": "low"}),
    ],
)
def test_effort_fitted_to_what_the_model_lists(id_: str, given: Json, sent: Json | None) -> None:
    body, fired = repaired(id_, output_config=given)
    assert (body.get("output_config"), fired) == (sent, ("effort-fitted",) if given != sent else ())


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [
        ("claude-haiku-4.5", {"temperature": 0, "top_p": 0.9, "top_k": 5}, {"temperature": 0, "top_k": 5}),
        ("claude-haiku-4.5", {"top_p": 0.9}, {"top_p": 0.9}),
        ("claude-opus-5", {"temperature": 0.2, "top_p": 0.9, "top_k": 5}, {}),
        ("claude-opus-5", {"temperature": 1}, {"temperature": 1}),
    ],
)
def test_sampling_dropped_where_it_is_refused(id_: str, given: Json, sent: Json) -> None:
    body, fired = repaired(id_, **given)
    assert {key: body[key] for key in given if key in body} == sent
    assert fired == (("sampling-dropped",) if given != sent else ())


def test_sampling_dropped_while_the_model_thinks() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}
    body, _ = repaired("claude-haiku-4.5", thinking=thinking, temperature=0.5, max_tokens=9000)
    assert "temperature" not in body


def test_cap_clamped_to_the_models_limit() -> None:
    assert repaired(max_tokens=128_000) == (ASK | {"max_tokens": 32000}, ("cap-clamped",))
