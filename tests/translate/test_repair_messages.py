"""What /v1/messages refuses, and what we send instead. Each test names the row of the table it proves."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier
from copilot_api.translate.repair import Target, mended
from copilot_api.translate.repair_messages import CACHE_TTL_BETA, CONTEXT_BETA, MESSAGES, TOOL_USE_BETA
from tests.builders.models import model

ASK: Json = {"max_tokens": 1000, "messages": [{"role": "user", "content": "q"}]}
MARK = {"type": "ephemeral"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}


def text(words: str, **fields: Any) -> Json:
    return {"type": "text", "text": words, **fields}


def calling(*ids: str) -> list[Json]:
    """A conversation up to the calls of those ids."""
    calls = [{"type": "tool_use", "id": id_, "name": "f", "input": {}} for id_ in ids]
    return [*ASK["messages"], {"role": "assistant", "content": calls}]


def repaired(id_: str = "claude-sonnet-4.6", *, betas: tuple[str, ...] = (), **fields: Any) -> tuple[Json, tuple[str, ...]]:
    return mended(ASK | fields, Target(model=model(id_), stream=True, betas=betas), MESSAGES)


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


def test_cache_control_plain() -> None:
    scoped = {"type": "ephemeral", "scope": "global", "ttl": "1h"}
    messages = [{"role": "user", "content": [text("q", cache_control=scoped)]}]
    tools = [{"name": "f", "input_schema": {"type": "object"}, "cache_control": scoped}]
    body, fired = repaired(messages=messages, system=[text("s", cache_control=scoped)], tools=tools)
    markers = [body["messages"][0]["content"][0], body["system"][0], body["tools"][0]]
    assert [holder["cache_control"] for holder in markers] == [MARK] * 3
    assert fired == ("cache-control-plain",)
    kept, _ = repaired(messages=messages, betas=(CACHE_TTL_BETA,))
    assert kept["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_cache_control_null_and_on_thinking_is_dropped() -> None:
    blocks = [{"type": "thinking", "thinking": "t", "signature": "s", "cache_control": MARK}, text("a", cache_control=None)]
    body, _ = repaired(messages=[*ASK["messages"], {"role": "assistant", "content": blocks}, *ASK["messages"]])
    assert all("cache_control" not in block for block in body["messages"][1]["content"])


def test_cache_control_inside_a_tool_result_moves_to_the_result() -> None:
    inner = [text("a", cache_control=MARK), text("b")]
    result = {"type": "tool_result", "tool_use_id": "t", "content": inner}
    body, fired = repaired(messages=[*calling("t"), {"role": "user", "content": [result]}], tools=[TOOL])
    assert body["messages"][2]["content"] == [result | {"content": [text("a"), text("b")], "cache_control": MARK}]
    assert fired == ("cache-control-plain",)
    outer = result | {"cache_control": MARK}
    body, _ = repaired(messages=[*calling("t"), {"role": "user", "content": [outer]}], tools=[TOOL])
    assert body["messages"][2]["content"] == [result | {"content": [text("a"), text("b")], "cache_control": MARK}]


def test_cache_control_of_the_request_goes_to_the_last_block() -> None:
    body, _ = repaired(cache_control={"type": "ephemeral", "ttl": "1h"})
    assert body == ASK | {"messages": [{"role": "user", "content": [text("q", cache_control=MARK)]}]}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": [text("q", cache_control=MARK)]}],
        [*ASK["messages"], {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "s"}]}],
        [{"role": "user", "content": 7}],
        ["odd"],
        [],
    ],
)
def test_cache_control_of_the_request_is_dropped_where_no_block_can_take_it(messages: list[Any]) -> None:
    body, _ = repaired(messages=messages, cache_control=MARK)
    assert body == ASK | {"messages": messages}
    assert repaired(messages=messages, cache_control="odd")[0] == ASK | {"messages": messages}


def test_cache_markers_limited_to_the_last_four() -> None:
    blocks = [text(str(n), cache_control=MARK) for n in range(4)]
    tool = {"name": "f", "input_schema": {"type": "object"}, "cache_control": MARK}
    system = [text("s", cache_control=MARK)]
    body, fired = repaired(messages=[{"role": "user", "content": blocks}], tools=[tool], system=system)
    assert ("cache_control" in body["tools"][0], "cache_control" in body["system"][0]) == (False, False)
    assert body["messages"][0]["content"] == blocks
    assert fired == ("cache-markers-limited",)


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


def test_thinking_history_keeps_only_what_anthropic_signed() -> None:
    foreign = carrier.pack("s", origin="c", family="gpt")
    blocks = [
        {"type": "thinking", "thinking": "own", "signature": "sig"},
        {"type": "thinking", "thinking": "unsigned", "signature": ""},
        {"type": "thinking", "thinking": "foreign", "signature": foreign},
        {"type": "redacted_thinking", "data": foreign},
        {"type": "redacted_thinking", "data": "own"},
        text("a"),
    ]
    body, fired = repaired(messages=[*ASK["messages"], {"role": "assistant", "content": blocks}, *ASK["messages"]])
    assert body["messages"][1]["content"] == [blocks[0], blocks[4], blocks[5]]
    assert fired == ("thinking-history",)


CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
ANSWERED: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}, text("and now?")]}
SPOKEN: Json = {"role": "user", "content": [text("and now?")]}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "sig"}


@pytest.mark.parametrize(
    ("newest", "thinks"),
    [([CALL], False), ([text("a"), CALL], False), ([THOUGHT, CALL], True), ([text("a")], True), ([], True)],
)
def test_thinking_paused_where_the_thoughts_behind_a_call_are_lost(newest: list[Json], thinks: bool) -> None:
    thinking = {"type": "enabled", "budget_tokens": 2048}
    last = ANSWERED if CALL in newest else SPOKEN
    messages = [*ASK["messages"], *([{"role": "assistant", "content": newest}] if newest else []), last]
    body, fired = repaired(messages=messages, thinking=thinking, max_tokens=9000, tools=[TOOL])
    assert (body.get("thinking"), fired) == ((thinking, ()) if thinks else (None, ("thinking-paused",)))


def test_adaptive_thinking_needs_no_thoughts_of_before() -> None:
    thinking = {"type": "adaptive", "display": "summarized"}
    messages = [*ASK["messages"], {"role": "assistant", "content": [CALL]}, ANSWERED]
    assert repaired(messages=messages, thinking=thinking, max_tokens=9000, tools=[TOOL])[1] == ()


@pytest.mark.parametrize(
    ("id_", "given", "cap", "sent"),
    [
        ("claude-sonnet-4.6", {"type": "disabled"}, 9000, {"type": "disabled"}),
        ("claude-sonnet-4.6", {"type": "adaptive", "display": "omitted"}, 9000, {"type": "adaptive", "display": "omitted"}),
        ("claude-opus-5", {"type": "adaptive"}, 9000, {"type": "adaptive", "display": "summarized"}),
        ("claude-opus-5", {"type": "adaptive", "display": "updates"}, 9000, {"type": "adaptive", "display": "summarized"}),
        ("claude-opus-5", {"type": "enabled", "budget_tokens": 9}, 9000, {"type": "adaptive", "display": "summarized"}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 2000}, 9000, {"type": "enabled", "budget_tokens": 2000}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 5}, 9000, {"type": "enabled", "budget_tokens": 1024}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 99999}, 64000, {"type": "enabled", "budget_tokens": 32000}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 31999}, 5000, {"type": "enabled", "budget_tokens": 4999}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 2000}, 1000, None),
        ("claude-haiku-4.5", {"type": "adaptive"}, 9000, {"type": "enabled", "budget_tokens": 8999}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 2000, "display": "x"}, 9000,
         {"type": "enabled", "budget_tokens": 2000}),
        ("gpt-4.1", {"type": "adaptive"}, 9000, None),
    ],
)  # fmt: skip
def test_thinking_fitted_to_the_model(id_: str, given: Json, cap: int, sent: Json | None) -> None:
    body, fired = repaired(id_, thinking=given, max_tokens=cap)
    assert body.get("thinking") == sent
    assert fired == (("thinking-fitted",) if given != sent else ())


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
