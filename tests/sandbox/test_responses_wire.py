"""The quirks of /responses."""

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from copilot_api.dialects.codec import Json, loads_text
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox, blobs
from copilot_api.sandbox.script import Call

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Got

MINI, CODEX, SOL, GROK = "gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol", "grok-4.7"
TWO_CALLS = [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})]
SEALED = {"include": ["reasoning.encrypted_content"]}
READER: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


async def stream(client: "Client", **fields: Any) -> "Got":
    got = await client.responses(stream=True, **fields)
    assert got.status == 200, got.text
    return got


def of_type(got: "Got", kind: str) -> list[Json]:
    return [event for event in got.events if event["type"] == f"response.{kind}"]


def order(got: "Got") -> list[str]:
    """The types of the events, repetitions left out."""
    return [kind.removeprefix("response.") for kind, _ in itertools.groupby(event["type"] for event in got.events)]


def done(got: "Got") -> list[Json]:
    return [event["item"] for event in of_type(got, "output_item.done")]


def without_ids(item: Json) -> Json:
    return {k: v for k, v in item.items() if k not in {"id", "encrypted_content"}}


def ids(value: Any) -> list[str]:
    """Every id in an event."""
    if isinstance(value, list):
        return [id_ for inner in value for id_ in ids(inner)]
    if not isinstance(value, dict):
        return []
    own = [value[key] for key in ("id", "item_id") if isinstance(value.get(key), str)]
    return own + [id_ for inner in value.values() for id_ in ids(inner)]


async def test_the_events_of_a_stream_come_in_order(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("On it.", thinking="Hm.", tools=[("get_weather", {"city": "Oslo"})])
    got = await stream(client, model=CODEX, **SEALED)
    assert order(got) == [
        "created",
        "in_progress",
        "output_item.added",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in got.events] == list(range(len(got.events)))
    assert all(name == event["type"] for (name, _), event in zip(got.frames, got.events, strict=False))
    deltas = of_type(got, "function_call_arguments.delta")
    assert loads_text("".join(d["delta"] for d in deltas)) == {"city": "Oslo"}
    assert {d["output_index"] for d in deltas} == {2}
    assert of_type(got, "function_call_arguments.done")[0]["name"] == "get_weather"
    assert "".join(d["delta"] for d in of_type(got, "output_text.delta")) == "On it."


async def test_items_are_added_empty_and_done_full(client: "Client", sandbox: Sandbox) -> None:
    call = Call(name="f", arguments='{"a":1}', id="call_1", namespace="n")
    sandbox.script.answer("Hei.", thinking="Hm.", tools=[call])
    got = await stream(client, **SEALED)
    assert [without_ids(event["item"]) for event in of_type(got, "output_item.added")] == [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "status": "in_progress", "phase": "commentary", "content": []},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "f",
            "arguments": "",
            "namespace": "n",
            "status": "in_progress",
        },
    ]
    text = {"type": "output_text", "text": "Hei.", "annotations": [], "logprobs": []}
    assert [without_ids(item) for item in done(got)] == [
        {"type": "reasoning", "summary": []},
        {"type": "message", "role": "assistant", "status": "completed", "phase": "commentary", "content": [text]},
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "f",
            "arguments": '{"a":1}',
            "namespace": "n",
            "status": "completed",
        },
    ]
    output = got.events[-1]["response"]["output"]
    assert [without_ids(item) for item in output] == [without_ids(item) for item in done(got)]


async def test_no_id_is_used_twice_and_all_are_long(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei there.", thinking="Hm.", tools=TWO_CALLS)
    got = await stream(client, reasoning={"summary": "auto"}, **SEALED)
    found = ids(got.events)
    assert len(found) > 20
    assert len(set(found)) == len(found)
    assert all(len(id_) > 400 for id_ in found)
    assert {named.index for id_ in found if (named := blobs.read(id_))} == {0, 1, 2, 3}


async def test_what_is_encrypted_belongs_to_the_last_id_before_the_end(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", thinking="Hm.")
    got = await stream(client, **SEALED)
    reasoning, at_the_end = done(got)[0], got.events[-1]["response"]["output"][0]
    assert of_type(got, "output_item.added")[0]["item"]["encrypted_content"] == ""
    assert at_the_end["encrypted_content"] == reasoning["encrypted_content"]
    assert blobs.belongs(reasoning["encrypted_content"], reasoning["id"])
    assert not blobs.belongs(reasoning["encrypted_content"], at_the_end["id"])
    assert blobs.family_of(reasoning["encrypted_content"], "reasoning") == MINI


async def test_reasoning_is_encrypted_only_when_asked(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", thinking="Hm.", times=2)
    assert "encrypted_content" not in done(await stream(client))[0]
    assert "encrypted_content" not in (await client.responses()).json["output"][0]


@pytest.mark.parametrize("summary", [None, "off"])
async def test_a_summary_is_empty_unless_asked_for(client: "Client", sandbox: Sandbox, summary: str | None) -> None:
    sandbox.script.answer("Hei.", thinking="Hm.")
    got = await stream(client, reasoning={"effort": "low", "summary": summary})
    assert done(got)[0]["summary"] == []
    assert not of_type(got, "reasoning_summary_text.delta")


async def test_a_summary_is_streamed_when_asked_for(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", thinking="Hm, well.")
    got = await stream(client, reasoning={"summary": "auto"})
    assert order(got)[2:8] == [
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
    ]
    assert "".join(d["delta"] for d in of_type(got, "reasoning_summary_text.delta")) == "Hm, well."
    assert done(got)[0]["summary"] == [{"type": "summary_text", "text": "Hm, well."}]


async def test_some_show_a_summary_only_at_the_end_of_the_item(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", thinking="Hm, well.")
    got = await stream(client, model=CODEX, reasoning={"summary": "auto"})
    assert not of_type(got, "reasoning_summary_text.delta")
    assert done(got)[0]["summary"] == [{"type": "summary_text", "text": "Hm, well."}]


async def test_redacted_thinking_is_reasoning_without_a_summary(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", redacted=True)
    got = await stream(client, reasoning={"summary": "auto"}, **SEALED)
    assert done(got)[0]["summary"] == []
    assert done(got)[0]["encrypted_content"]


@pytest.mark.parametrize(
    ("model", "indices"), [(MINI, [0, 1, 0, 1, 1]), (SOL, [0, 1, 0, 1, 1]), (CODEX, [0, 0, 1, 1, 1]), (GROK, [0, 0, 1, 1, 1])]
)
async def test_parallel_calls_take_turns_or_do_not(client: "Client", sandbox: Sandbox, model: str, indices: list[int]) -> None:
    sandbox.script.answer(tools=[Call(name="f", arguments="x" * 24), Call(name="g", arguments="y" * 36)])
    got = await stream(client, model=model)
    assert [event["output_index"] for event in of_type(got, "function_call_arguments.delta")] == indices
    assert [item["call_id"] for item in done(got)] == ["call_sandbox00000100", "call_sandbox00000101"]
    assert [event["output_index"] for event in of_type(got, "output_item.done")] == [0, 1]


async def test_custom_tools_are_given_text(client: "Client", sandbox: Sandbox) -> None:
    patch = "*** Begin Patch\n*** End Patch\n"
    sandbox.script.answer(tools=[Call(name="apply_patch", arguments=patch, custom=True)])
    got = await stream(client, model=CODEX)
    assert "".join(d["delta"] for d in of_type(got, "custom_tool_call_input.delta")) == patch
    assert of_type(got, "custom_tool_call_input.done")[0]["input"] == patch
    assert "name" not in of_type(got, "custom_tool_call_input.done")[0]
    assert without_ids(done(got)[0]) == {
        "type": "custom_tool_call",
        "call_id": "call_sandbox00000100",
        "name": "apply_patch",
        "input": patch,
        "status": "completed",
    }


async def test_some_say_each_paragraph_in_a_message_of_its_own(client: "Client", sandbox: Sandbox) -> None:
    text = "First.\n\n\nSecond\nline.\n\nThird."
    sandbox.script.answer(text, times=2)
    messages = done(await stream(client, model=SOL))
    assert [item["content"][0]["text"] for item in messages] == ["First.\n\n\n", "Second\nline.\n\n", "Third."]
    assert [item["phase"] for item in messages] == ["commentary", "commentary", "final_answer"]
    assert [item["content"][0]["text"] for item in done(await stream(client))] == [text]


async def test_a_refusal_of_the_models_own(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer(refusal="I will not.")
    got = await stream(client)
    assert "".join(d["delta"] for d in of_type(got, "refusal.delta")) == "I will not."
    assert of_type(got, "refusal.done")[0]["refusal"] == "I will not."
    assert done(got)[0]["content"] == [{"type": "refusal", "refusal": "I will not."}]


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("context_window", "incomplete", "max_output_tokens"),
        ("refusal", "incomplete", "content_filter"),
    ],
)
async def test_how_an_answer_ends(client: "Client", sandbox: Sandbox, finish: str, status: str, reason: str | None) -> None:
    sandbox.script.answer("Hei.", finish=finish, times=2)
    got = await stream(client)
    last = got.events[-1]
    assert (last["type"], last["response"]["status"]) == (f"response.{status}", status)
    assert last["response"]["incomplete_details"] == ({"reason": reason} if reason else None)
    assert done(got)[-1]["status"] == status
    assert (await client.responses()).json["status"] == status


async def test_a_filter_names_what_it_blocked(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", finish="refusal")
    got = await stream(client)
    filters = got.events[-1]["response"]["content_filters"]
    assert [(f["source_type"], f["blocked"], f["content_filter_raw"][0]["label"]) for f in filters] == [
        ("completion", True, "TextCopyright")
    ]
    assert "content_filters" not in got.events[0]["response"]


async def test_an_answer_may_fail_after_it_began(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei.", problem="It broke.")
    got = await stream(client)
    response = got.events[-1]["response"]
    assert (response["status"], response["error"]) == ("failed", {"code": "server_error", "message": "It broke."})
    assert len(response["output"]) == 1


async def test_a_compaction_stands_alone(client: "Client") -> None:
    got = await stream(client, given=[{"role": "user", "content": "Hello"}, {"type": "compaction_trigger"}])
    assert order(got) == ["created", "in_progress", "output_item.added", "output_item.done", "completed"]
    (item,) = done(got)
    assert item["type"] == "compaction"
    assert blobs.family_of(item["encrypted_content"], "compaction") == MINI


async def test_a_search_of_the_web(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Found.", searched="cats")
    got = await stream(client)
    assert order(got)[2:7] == [
        "output_item.added",
        "web_search_call.in_progress",
        "web_search_call.searching",
        "web_search_call.completed",
        "output_item.done",
    ]
    assert without_ids(done(got)[0]) == {
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "query": "cats"},
    }


@pytest.mark.parametrize(("model", "fills"), [(MINI, True), (CODEX, True), (SOL, True), (GROK, False)])
async def test_filler_in_each_delta(client: "Client", sandbox: Sandbox, model: str, fills: bool) -> None:
    sandbox.script.answer("one two three")
    assert [bool(d.get("obfuscation")) for d in of_type(await stream(client, model=model), "output_text.delta")] == [fills] * 3


@pytest.mark.parametrize(("model", "strays"), [(MINI, False), (CODEX, True), (SOL, False), (GROK, True)])
async def test_a_stray_done(client: "Client", model: str, strays: bool) -> None:
    assert ((await stream(client, model=model)).frames[-1] == ("", b"[DONE]")) is strays


@pytest.mark.parametrize(("model", "tier"), [(MINI, "default"), (CODEX, "default"), (SOL, "priority"), (GROK, None)])
async def test_the_service_tier(client: "Client", model: str, tier: str | None) -> None:
    assert (await client.responses(model=model)).json.get("service_tier") == tier


async def test_usage_and_cost(client: "Client", sandbox: Sandbox) -> None:
    counted = Counted(prompt=80, output=40, cached=16, reasoning=12, nano_aiu=5_100_000)
    sandbox.script.answer("Hei.", usage=counted, times=2)
    usage = {
        "input_tokens": 80,
        "input_tokens_details": {"cached_tokens": 16},
        "output_tokens": 40,
        "output_tokens_details": {"reasoning_tokens": 12},
        "total_tokens": 120,
    }
    last = (await stream(client)).events[-1]
    assert (last["response"]["usage"], last["copilot_usage"]) == (usage, {"total_nano_aiu": 5_100_000})
    assert "copilot_quota_snapshots" not in last
    whole = (await client.responses()).json
    assert (whole["usage"], whole["copilot_usage"]) == (usage, {"total_nano_aiu": 5_100_000})


async def test_a_whole_answer(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Done.", usage=Counted(prompt=1, output=2, nano_aiu=3))
    fields: Json = {"instructions": "Be kind.", "max_output_tokens": 100, "reasoning": {"effort": "low"}}
    body = (await client.responses(**fields)).json
    assert len(body.pop("id")) > 400
    assert len(body["output"][0].pop("id")) > 400
    assert body.pop("created_at") > 1_700_000_000
    text = {"type": "output_text", "text": "Done.", "annotations": [], "logprobs": []}
    assert body == {
        "object": "response",
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": "Be kind.",
        "max_output_tokens": 100,
        "model": "gpt-5-mini-2025-08-07",
        "output": [{"type": "message", "role": "assistant", "status": "completed", "phase": "final_answer", "content": [text]}],
        "output_text": None,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": "low", "summary": None},
        "safety_identifier": "sandbox",
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 3,
        },
        "user": None,
        "metadata": {},
        "copilot_usage": {"total_nano_aiu": 3},
    }


def filled(body: Json) -> Json:
    """With the one field that the package wants and Copilot leaves out."""
    if usage := body.get("usage"):
        usage["input_tokens_details"]["cache_write_tokens"] = 0
    return body


@pytest.mark.parametrize("model", [MINI, CODEX, SOL, GROK])
async def test_the_official_package_can_read_every_event(client: "Client", sandbox: Sandbox, model: str) -> None:
    calls = [*(Call(name=n, arguments="{}") for n in "fg"), Call(name="p", arguments="text", custom=True)]
    sandbox.script.answer("One.\n\nTwo.", thinking="Hm.", tools=calls, refusal="No.", searched="cats", times=2)
    for event in (await stream(client, model=model, reasoning={"summary": "auto"}, **SEALED)).events:
        filled(event.get("response", {}))
        assert READER.validate_python(event).type == event["type"]
    assert Response.model_validate(filled((await client.responses(model=model)).json)).output_text == "One.\n\nTwo."
