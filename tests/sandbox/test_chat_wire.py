"""The quirks of /chat/completions, family by family."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox, seals

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

GPT, MINI, CLAUDE, GEMINI, GROK, KIMI = (
    "gpt-4.1",
    "gpt-5-mini",
    "claude-sonnet-4.6",
    "gemini-3.8-flash",
    "grok-4.7",
    "kimi-k3",
)
FAMILIES = (GPT, MINI, CLAUDE, GEMINI, GROK, KIMI)
TWO_CALLS = [("get_weather", {"city": "Oslo"}), ("get_time", {"zone": "CET"})]


async def stream(client: "Client", model: str, **fields: Any) -> list[Json]:
    got = await client.chat(model=model, stream=True, **fields)
    assert got.status == 200, got.text
    assert got.headers["content-type"] == "text/event-stream"
    assert got.frames[-1] == ("", b"[DONE]")
    assert all(not name for name, _ in got.frames), "this dialect has no event names"
    return got.events


def choices(events: list[Json]) -> list[Json]:
    return [choice for event in events for choice in event["choices"]]


def deltas(events: list[Json], key: str) -> list[Any]:
    return [choice["delta"][key] for choice in choices(events) if choice["delta"].get(key)]


async def test_a_whole_answer_has_no_object_and_no_created(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei!")
    body = (await client.chat()).json
    assert "object" not in body
    assert "created" not in body
    assert (body["id"], body["model"], body["system_fingerprint"]) == (
        "chatcmpl-sandbox000001",
        "gpt-4.1-2025-04-14",
        "fp_sandbox",
    )
    assert body["choices"][0]["message"] == {"role": "assistant", "content": "Hei!", "padding": "abcde"}
    assert (body["choices"][0]["finish_reason"], body["choices"][0]["content_filter_results"]) == ("stop", {})
    assert body["prompt_filter_results"][0]["prompt_index"] == 0
    assert body["copilot_usage"]["total_nano_aiu"] > 0


async def test_only_tool_calls_leave_the_content_out(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(tools=TWO_CALLS)
    choice = (await client.chat()).json["choices"][0]
    assert "content" not in choice["message"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["tool_calls"][1] == {
        "id": "call_sandbox00000101",
        "type": "function",
        "function": {"name": "get_time", "arguments": '{"zone":"CET"}'},
    }


async def test_an_empty_answer_has_empty_content(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("")
    assert (await client.chat()).json["choices"][0]["message"]["content"] == ""


async def test_claude_splits_a_whole_answer_over_choices(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Looking.", thinking="Hm.", tools=TWO_CALLS)
    body = (await client.chat(model=CLAUDE)).json
    text, first, second = body["choices"]
    assert all("index" not in choice and choice["finish_reason"] == "tool_calls" for choice in body["choices"])
    assert text["message"] == {
        "role": "assistant",
        "content": "Looking.",
        "reasoning_text": "Hm.",
        "reasoning_opaque": seals.mint("thinking", CLAUDE, "Hm."),
    }
    assert first["message"]["tool_calls"][0]["id"] == "toolu_vrtxsandbox00000100"
    assert second["message"]["tool_calls"][0]["function"]["name"] == "get_time"
    assert body["id"] == "msg-sandbox000001"
    assert "prompt_filter_results" not in body


async def test_claude_only_calling_tools_has_no_choice_of_text(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(tools=TWO_CALLS)
    body = (await client.chat(model=CLAUDE)).json
    assert ["tool_calls" in choice["message"] for choice in body["choices"]] == [True, True]


@pytest.mark.parametrize("model", FAMILIES)
async def test_the_first_chunk_has_no_choices_and_no_id(client: "Client", model: str) -> None:
    first = (await stream(client, model))[0]
    assert (first["choices"], first["id"], first["model"], first["created"], first["object"]) == ([], "", "", 0, "")
    assert first["prompt_filter_results"]


@pytest.mark.parametrize("model", FAMILIES)
async def test_the_pieces_of_a_stream_are_the_answer(client: "Client", sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("One two, three.\n")
    events = await stream(client, model)
    assert "".join(deltas(events, "content")) == "One two, three.\n"
    assert [c["finish_reason"] for c in choices(events) if c.get("finish_reason")] == ["stop"]


@pytest.mark.parametrize("model", FAMILIES)
async def test_the_pieces_of_tool_calls_are_the_calls(client: "Client", sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer(tools=TWO_CALLS)
    pieces = [call for calls in deltas(await stream(client, model), "tool_calls") for call in calls]
    arguments: dict[str, str] = {}
    for piece in pieces:
        if "id" in piece:
            arguments[piece["function"]["name"]] = ""
            current = piece["function"]["name"]
        arguments[current] += piece["function"]["arguments"]
    assert arguments == {"get_weather": '{"city":"Oslo"}', "get_time": '{"zone":"CET"}'}


async def test_openai_says_null_for_the_role_and_nothing_for_the_model_in_between(client: "Client") -> None:
    loose = (await stream(client, GPT))[3]
    assert (loose["model"], loose["choices"][0]["delta"]["role"]) == ("", None)
    assert set(loose["choices"][0]["content_filter_offsets"]) == {"check_offset", "start_offset", "end_offset"}


async def test_openais_reasoning_models_send_filler(client: "Client") -> None:
    assert all(event["obfuscation"] for event in (await stream(client, MINI))[1:-1])


async def test_claude_leaves_the_object_out_of_some_chunks(client: "Client") -> None:
    events = (await stream(client, CLAUDE))[1:]
    assert 0 < sum("object" not in event for event in events) < len(events)


async def test_claude_puts_tools_into_a_second_choice(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Looking.", tools=TWO_CALLS)
    found = choices(await stream(client, CLAUDE))
    assert {c["index"] for c in found if "tool_calls" in c["delta"]} == {1}
    assert {c["index"] for c in found if "tool_calls" not in c["delta"]} == {0}


async def test_gemini_gives_tool_calls_no_index_and_says_stop(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(tools=TWO_CALLS)
    sandbox.script.answer(tools=TWO_CALLS)
    events = await stream(client, GEMINI)
    pieces = [call for calls in deltas(events, "tool_calls") for call in calls]
    assert [(p["function"]["arguments"], "index" in p) for p in pieces] == [
        ('{"city":"Oslo"}', False),
        ('{"zone":"CET"}', False),
    ]
    assert choices(events)[-1]["finish_reason"] == "stop"
    assert (await client.chat(model=GEMINI)).json["choices"][0]["finish_reason"] == "stop"


async def test_kimi_numbers_every_call_zero_and_names_it_by_its_tool(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(tools=TWO_CALLS)
    pieces = [call for calls in deltas(await stream(client, KIMI), "tool_calls") for call in calls]
    assert {piece["index"] for piece in pieces} == {0}
    assert [piece["id"] for piece in pieces if "id" in piece] == ["get_weather:0", "get_time:1"]


async def test_others_number_calls_in_order(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(tools=TWO_CALLS)
    pieces = [call for calls in deltas(await stream(client, GPT), "tool_calls") for call in calls]
    assert [piece["index"] for piece in pieces if "id" in piece] == [0, 1]


@pytest.mark.parametrize(("model", "shown"), [(GPT, "reasoning_text"), (CLAUDE, "reasoning_text"), (GROK, "cot_summary")])
async def test_thinking_is_shown(client: "Client", sandbox: Sandbox, model: str, shown: str) -> None:
    sandbox.script.answer("Yes.", thinking="Let me see.")
    assert "".join(deltas(await stream(client, model), shown)) == "Let me see."


async def test_claude_seals_its_reasoning_with_the_first_text(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Yes indeed.", thinking="Hm.")
    sealed = [c["delta"] for c in choices(await stream(client, CLAUDE)) if "reasoning_opaque" in c["delta"]]
    assert sealed == [{"content": "Yes", "reasoning_opaque": seals.mint("thinking", CLAUDE, "Hm.")}]


async def test_claude_without_text_seals_its_reasoning_all_the_same(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(thinking="Hm.", tools=TWO_CALLS)
    assert len(deltas(await stream(client, CLAUDE), "reasoning_opaque")) == 1


async def test_gemini_seals_its_reasoning_after_the_text(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Yes indeed.", thinking="Hm.")
    found = choices(await stream(client, GEMINI))
    assert found[-2]["delta"] == {"content": "", "reasoning_opaque": seals.mint("thinking", GEMINI, "Hm.")}
    assert found[-1]["finish_reason"] == "stop"


async def test_openai_seals_its_reasoning_after_the_finish(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Yes.", thinking="Hm.")
    found = choices(await stream(client, GPT))
    assert found[-2]["finish_reason"] == "stop"
    assert found[-1]["delta"]["reasoning_opaque"] == seals.mint("thinking", GPT, "Hm.")


async def test_grok_seals_its_reasoning_after_the_finish_under_no_id(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Yes.", thinking="Hm.")
    sandbox.script.answer("Yes.", thinking="Hm.")
    last = (await stream(client, GROK))[-1]
    assert (last["id"], last["choices"][0]["delta"]) == ("", {"cot_id": seals.mint("thinking", GROK, "Hm.")})
    message = (await client.chat(model=GROK)).json["choices"][0]["message"]
    assert (message["cot_summary"], message["cot_id"]) == ("Hm.", seals.mint("thinking", GROK, "Hm."))


async def test_redacted_reasoning_has_a_seal_and_no_text(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Yes.", redacted=True)
    message = (await client.chat(model=CLAUDE)).json["choices"][0]["message"]
    assert "reasoning_text" not in message
    assert message["reasoning_opaque"] == seals.mint("redacted", CLAUDE)


async def test_openai_counts_in_a_chunk_of_its_own_and_only_when_asked(client: "Client") -> None:
    assert all("usage" not in event for event in await stream(client, GPT))
    events = await stream(client, GPT, stream_options={"include_usage": True})
    assert [event["usage"] for event in events[1:-1]] == [None] * (len(events) - 2)
    last = events[-1]
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == last["usage"]["prompt_tokens"] + last["usage"]["completion_tokens"]
    assert last["copilot_usage"]["total_nano_aiu"] > 0


@pytest.mark.parametrize("model", [CLAUDE, GEMINI])
async def test_claude_and_gemini_count_on_the_finish_chunk_asked_or_not(client: "Client", model: str) -> None:
    for fields in ({}, {"stream_options": {"include_usage": True}}):
        counted = [event for event in await stream(client, model, **fields) if event.get("usage")]
        assert [event["choices"][0]["finish_reason"] for event in counted] == ["stop"]


async def test_usage_as_it_was_scripted(client: "Client", sandbox: Sandbox) -> None:
    counted = Counted(prompt=300, output=40, cached=200, cache_write=50, reasoning=9, nano_aiu=7)
    sandbox.script.answer("x", usage=counted)
    body = (await client.chat()).json
    assert body["usage"] == {
        "prompt_tokens": 300,
        "completion_tokens": 40,
        "total_tokens": 340,
        "prompt_tokens_details": {"cached_tokens": 200, "cache_creation_input_tokens": 50},
        "completion_tokens_details": {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0, "reasoning_tokens": 9},
    }
    assert body["copilot_usage"]["total_nano_aiu"] == 7


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("stop_sequence", "stop"),
        ("refusal", "content_filter"),
        ("function_call", "function_call"),
        ("error", "error"),
    ],
)
async def test_every_way_to_finish(client: "Client", sandbox: Sandbox, finish: str, expected: str) -> None:
    sandbox.script.answer("x", finish=finish, times=2)
    assert choices(await stream(client, GPT))[-1]["finish_reason"] == expected
    assert (await client.chat()).json["choices"][0]["finish_reason"] == expected


async def test_a_filtered_answer_says_what_was_filtered(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("x", finish="refusal", times=2)
    filtered = {"protected_material_code": {"filtered": True, "detected": True}}
    assert choices(await stream(client, GPT))[-1]["content_filter_results"] == filtered
    assert (await client.chat()).json["choices"][0]["content_filter_results"] == filtered


async def test_two_choices_when_asked_for_two(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Yes.", times=2)
    assert [c["index"] for c in (await client.chat(n=2)).json["choices"]] == [0, 1]
    finished = [c["index"] for c in choices(await stream(client, GPT, n=2)) if c["finish_reason"]]
    assert finished == [0, 1]
