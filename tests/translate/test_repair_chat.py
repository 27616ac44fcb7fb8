"""What /chat/completions refuses, and what we send instead. Each test names the row of the table it proves."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import carrier
from copilot_api.translate.repair import Target, mended
from copilot_api.translate.repair_chat import CHAT
from tests.builders.models import model

ASK = {"messages": [{"role": "user", "content": "q"}]}
CALL: Json = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}


def repaired(id_: str, *, stream: bool = False, **fields: Any) -> tuple[Json, tuple[str, ...]]:
    return mended(ASK | fields, Target(model=model(id_), stream=stream), CHAT)


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [
        ("gpt-5-mini", {"max_tokens": 9}, {"max_completion_tokens": 9}),
        ("gpt-5-mini", {"max_tokens": 9, "max_completion_tokens": 7}, {"max_completion_tokens": 7}),
        ("gpt-5-mini", {"max_tokens": None}, {}),
        ("gpt-4.1", {"max_completion_tokens": 9}, {"max_tokens": 9}),
        ("claude-haiku-4.5", {"max_completion_tokens": 9, "max_tokens": 8}, {"max_tokens": 9}),
    ],
)
def test_cap_named_as_the_model_knows_it(id_: str, given: Json, sent: Json) -> None:
    body, fired = repaired(id_, **given)
    assert {key: value for key, value in body.items() if "tokens" in key} == sent
    assert fired == ("cap-named",)


def test_cap_filled_for_claude_only() -> None:
    assert repaired("claude-haiku-4.5") == (ASK | {"max_tokens": 64000}, ("cap-filled",))
    assert repaired("claude-haiku-4.5", max_tokens=5)[1] == ()
    assert repaired("gpt-4.1") == (ASK, ())


@pytest.mark.parametrize(("given", "sent"), [(100_000, 16384), (16384, 16384), (5, 5)])
def test_cap_clamped_to_the_models_limit(given: int, sent: int) -> None:
    body, fired = repaired("gpt-4.1", max_tokens=given)
    assert (body["max_tokens"], fired) == (sent, ("cap-clamped",) if given > sent else ())


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [
        ("gpt-5-mini", {"temperature": 0, "top_p": 0.9, "stop": ["x"]}, {}),
        ("gpt-5-mini", {"temperature": 1}, {"temperature": 1}),
        ("gpt-4.1", {"temperature": 0, "top_p": 0.9, "stop": ["x"]}, {"temperature": 0, "top_p": 0.9, "stop": ["x"]}),
        ("claude-sonnet-5", {"temperature": 0.2, "top_p": 0.9}, {}),
        ("claude-sonnet-5", {"temperature": 1}, {"temperature": 1}),
        ("claude-haiku-4.5", {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2}),
        ("claude-haiku-4.5", {"top_p": 0.9}, {"top_p": 0.9}),
    ],
)
def test_sampling_dropped_where_it_is_refused(id_: str, given: Json, sent: Json) -> None:
    body, fired = repaired(id_, max_tokens=5, **given) if "claude" in id_ else repaired(id_, **given)
    assert {key: value for key, value in body.items() if key in {"temperature", "top_p", "stop"}} == sent
    assert fired == (("sampling-dropped",) if given != sent else ())


def test_claude_is_kept_within_its_heat() -> None:
    assert repaired("claude-haiku-4.5", max_tokens=5, temperature=1.7)[0]["temperature"] == 1
    assert repaired("gpt-4.1", temperature=1.7)[1] == ()


def test_kimi_is_served_with_one_sampling_only() -> None:
    body, fired = repaired("kimi-k3", temperature=0.2)
    assert (body["temperature"], body.get("top_p"), fired) == (1, None, ("kimi-sampling",))
    assert repaired("kimi-k3", temperature=1, top_p=0.95)[1] == ()


def test_blank_descriptions_dropped() -> None:
    blank = {"type": "function", "function": TOOL["function"] | {"description": "\n"}}
    assert repaired("gpt-4.1", tools=[blank, {"type": "odd"}]) == (
        ASK | {"tools": [TOOL, {"type": "odd"}]},
        ("blank-descriptions-dropped",),
    )


def test_fields_dropped_that_copilot_does_not_know() -> None:
    unknown: Json = {"store": True, "service_tier": "auto", "metadata": {}, "user": "u", "seed": 1, "logprobs": True}
    assert repaired("claude-haiku-4.5", max_tokens=5, **unknown) == (ASK | {"max_tokens": 5}, ("fields-dropped",))
    assert repaired("gpt-4.1", **unknown, verbosity="low")[0] == ASK | {"verbosity": "low"}
    assert repaired("gemini-3.8-flash", verbosity="low")[0] == ASK


@pytest.mark.parametrize(
    ("id_", "given", "sent"),
    [
        ("gpt-5-mini", "minimal", "low"),
        ("gpt-5-mini", "xhigh", "high"),
        ("gpt-5-mini", "high", "high"),
        ("gpt-5-mini", "none", None),
        ("gpt-5-mini", "odd", None),
        ("gpt-4.1", "high", None),
        ("kimi-k3", "medium", "low"),
    ],
)
def test_effort_fitted_to_what_the_model_lists(id_: str, given: str, sent: str | None) -> None:
    body, fired = repaired(id_, reasoning_effort=given)
    assert (body.get("reasoning_effort"), fired) == (sent, ("effort-fitted",) if given != sent else ())


def test_tools_completed() -> None:
    bare = {"type": "function", "function": {"name": "f"}}
    body, fired = repaired("gpt-4.1", tools=[bare, {"type": "custom"}])
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
    assert fired == ("tools-completed",)
    assert repaired("gpt-4.1", tools=[], tool_choice="auto", parallel_tool_calls=True) == (ASK, ("tools-completed",))
    assert repaired("gpt-4.1", tool_choice="auto") == (ASK, ("tools-completed",))
    assert repaired("gpt-4.1", tools=body["tools"])[1] == ()


def test_format_worded_for_models_that_know_no_schema() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    messages = [{"role": "system", "content": "Be kind."}, *ASK["messages"]]
    body, fired = repaired("gpt-4o", messages=messages, response_format=wanted)
    assert "response_format" not in body
    assert [m["role"] for m in body["messages"]] == ["system", "system", "user"]
    assert '"city"' in body["messages"][1]["content"]
    assert fired == ("format-worded",)
    assert repaired("gpt-4.1", response_format=wanted)[1] == ()
    assert repaired("gpt-4o", response_format={"type": "json_object"})[1] == ()


def test_schemas_plain_for_gemini() -> None:
    parameters = {"type": "object", "properties": {"n": {"type": "integer", "exclusiveMinimum": 0}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    body, fired = repaired("gemini-3.8-flash", tools=[tool, {"type": "function", "function": {"name": "g"}}])
    assert body["tools"][0]["function"]["parameters"]["properties"] == {"n": {"type": "integer", "minimum": 1}}
    assert fired == ("tools-completed", "schemas-plain")
    assert repaired("gpt-4.1", tools=[tool])[1] == ()
    assert repaired("gemini-3.8-flash", tools=body["tools"])[1] == ()


def test_developer_renamed_for_models_that_do_not_know_the_role() -> None:
    messages = [{"role": "developer", "content": "d"}, *ASK["messages"]]
    assert repaired("gemini-3.8-flash", messages=messages)[0]["messages"][0]["role"] == "system"
    assert repaired("gpt-4.1", messages=messages)[1] == ()


def test_blank_text_dropped_for_claude() -> None:
    call = {"role": "assistant", "content": " ", "tool_calls": [CALL | {"id": "a"}]}
    messages = [
        {"role": "user", "content": " "},
        {"role": "user", "content": [{"type": "text", "text": ""}]},
        {"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "text", "text": "\n"}]},
        call,
        {"role": "tool", "tool_call_id": "a", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": "kept"}]},
    ]
    body, fired = repaired("claude-haiku-4.5", messages=messages, tools=[TOOL], max_tokens=5)
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "q"}]},
        call | {"content": None},
        {"role": "tool", "tool_call_id": "a", "content": "(no output)"},
        {"role": "user", "content": [{"type": "text", "text": "kept"}]},
    ]
    assert fired == ("blank-text-dropped",)
    assert repaired("gpt-4.1", messages=messages)[1] == ()


def test_reasoning_renamed_and_foreign_reasoning_dropped() -> None:
    foreign = carrier.pack("s", origin="m", family="claude")
    said = {"role": "assistant", "content": "a"}
    messages = [
        said | {"reasoning_content": "shown"},
        said | {"reasoning_content": "shown", "reasoning_text": "own", "reasoning_opaque": "sig"},
        said | {"reasoning_content": ""},
        said | {"reasoning_text": "t", "reasoning_opaque": foreign},
        said | {"reasoning_text": "t", "reasoning_opaque": "sig"},
    ]
    body, fired = repaired("gpt-4.1", messages=messages)
    assert body["messages"] == [
        said | {"reasoning_text": "shown"},
        said | {"reasoning_text": "own", "reasoning_opaque": "sig"},
        said,
        said,
        said | {"reasoning_text": "t", "reasoning_opaque": "sig"},
    ]
    assert fired == ("reasoning-renamed",)


@pytest.mark.parametrize("options", [None, {"include_usage": False}, {"include_obfuscation": False}])
def test_usage_requested_for_every_stream(options: Json | None) -> None:
    body, fired = repaired("gpt-4.1", stream=True, stream_options=options)
    assert body["stream_options"] == (options or {}) | {"include_usage": True}
    assert fired == ("usage-requested",)


def test_usage_is_not_requested_twice_nor_for_a_whole_answer() -> None:
    assert repaired("gpt-4.1", stream=True, stream_options={"include_usage": True})[1] == ()
    assert repaired("gpt-4.1")[1] == ()
