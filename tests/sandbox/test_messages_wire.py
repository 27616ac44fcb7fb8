"""The quirks of /v1/messages."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json, loads_text
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox, seals
from copilot_api.sandbox.script import Call

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Got

HAIKU, SONNET = "claude-haiku-4.5", "claude-sonnet-4.6"
TWO_CALLS = [("get_weather", {"city": "Oslo"}), ("get_time", {})]
BUDGET = {"type": "enabled", "budget_tokens": 1024}


async def stream(client: "Client", **fields: Any) -> "Got":
    got = await client.messages(stream=True, **fields)
    assert got.status == 200, got.text
    return got


def of_type(events: list[Json], kind: str) -> list[Json]:
    return [event for event in events if event["type"] == kind]


def joined(events: list[Json], index: int, key: str) -> str:
    found = [e["delta"] for e in of_type(events, "content_block_delta") if e["index"] == index]
    return "".join(delta.get(key, "") for delta in found)


async def test_a_whole_answer(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Done.", usage=Counted(prompt=100, output=9, cached=60, cache_write=30, nano_aiu=5))
    assert (await client.messages()).json == {
        "id": "msg_bdrk_01sandbox000001",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [{"type": "text", "text": "Done."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "context_management": {"applied_edits": []},
        "copilot_usage": {"total_nano_aiu": 5},
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 30,
            "cache_read_input_tokens": 60,
            "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 9,
        },
    }


@pytest.mark.parametrize(
    ("model", "prefix", "dated"),
    [
        (HAIKU, "msg_bdrk_01", "claude-haiku-4-5-20251001"),
        (SONNET, "msg_vrtx_01", "claude-sonnet-4-6-20260217"),
    ],
)
async def test_the_backend_shows_in_ids_and_the_name_is_dated(client: "Client", model: str, prefix: str, dated: str) -> None:
    body = (await client.messages(model=model)).json
    assert body["id"].startswith(prefix)
    assert body["model"] == dated


async def test_the_events_of_a_stream_come_in_order(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei there", thinking="Short plan.", tools=TWO_CALLS)
    got = await stream(client)
    order: list[str] = []
    for event in got.events:
        if not order or order[-1] != event["type"]:
            order.append(event["type"])
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert order == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        *block * 3,
        "message_delta",
        "message_stop",
    ]
    assert all(name == event["type"] for (name, _), event in zip(got.frames, got.events, strict=False))
    assert joined(got.events, 0, "thinking") == "Short plan."
    assert joined(got.events, 0, "signature") == seals.mint("thinking", HAIKU, "Short plan.")
    assert joined(got.events, 1, "text") == "Hei there"
    assert loads_text(joined(got.events, 2, "partial_json")) == {"city": "Oslo"}
    assert loads_text(joined(got.events, 3, "partial_json")) == {}


async def test_a_stray_done_follows_the_end(client: "Client") -> None:
    assert (await stream(client)).frames[-1] == ("", b"[DONE]")


async def test_blocks_open_empty(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("Hei", thinking="Hm.", redacted=True, tools=[("t", {"a": 1})])
    opened = [e["content_block"] for e in of_type((await stream(client)).events, "content_block_start")]
    assert opened == [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "redacted_thinking", "data": seals.mint("redacted", HAIKU)},
        {"type": "text", "text": ""},
        {"type": "tool_use", "id": "toolu_bdrk_01sandbox00000100", "name": "t", "input": {}},
    ]


async def test_an_empty_answer_is_a_start_and_an_end(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("", times=2)
    assert [e["type"] for e in (await stream(client)).events] == ["message_start", "message_delta", "message_stop"]
    assert (await client.messages()).json["content"] == []


async def test_the_start_counts_little_and_the_end_exactly(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("x", usage=Counted(prompt=50, output=48, reasoning=9, nano_aiu=24))
    events = (await stream(client)).events
    start, end = events[0]["message"]["usage"], of_type(events, "message_delta")[0]
    assert (start["input_tokens"], start["output_tokens"]) == (50, 1)
    assert "output_tokens_details" not in start
    assert (end["usage"]["output_tokens"], end["usage"]["output_tokens_details"]) == (48, {"thinking_tokens": 9})
    assert (end["copilot_usage"], end["context_management"]) == ({"total_nano_aiu": 24}, {"applied_edits": []})


async def test_the_last_piece_of_text_is_annotated(client: "Client") -> None:
    pieces = [e["delta"] for e in of_type((await stream(client)).events, "content_block_delta")]
    assert ["copilot_annotations" in piece for piece in pieces] == [False] * (len(pieces) - 1) + [True]


async def test_thinking_out_of_sight_leaves_its_signature(client: "Client") -> None:
    fields: dict[str, Any] = {"max_tokens": 2000, "thinking": BUDGET | {"display": "omitted"}}
    events = (await stream(client, **fields)).events
    assert joined(events, 0, "thinking") == ""
    assert seals.is_valid(joined(events, 0, "signature"), "thinking", HAIKU)
    block = (await client.messages(**fields)).json["content"][0]
    assert block["thinking"] == ""


async def test_thinking_comes_back_accepted(client: "Client") -> None:
    fields: dict[str, Any] = {"max_tokens": 2000, "thinking": BUDGET}
    first = (await client.messages(**fields)).json
    turns = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": "And?"},
    ]
    assert [block["type"] for block in first["content"]] == ["thinking", "text"]
    assert (await client.messages(messages=turns, **fields)).status == 200


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("pause", "pause_turn"),
        ("context_window", "model_context_window_exceeded"),
        ("tool_use", "tool_use"),
        ("refusal", "refusal"),
    ],
)
async def test_every_way_to_stop(client: "Client", sandbox: Sandbox, finish: str, expected: str) -> None:
    sandbox.script.answer("x", finish=finish, times=2)
    assert (await client.messages()).json["stop_reason"] == expected
    assert of_type((await stream(client)).events, "message_delta")[0]["delta"]["stop_reason"] == expected


async def test_a_refusal_has_details(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("x", finish="refusal")
    assert (await client.messages()).json["stop_details"]["type"] == "refusal"


async def test_a_stop_sequence_is_named(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("x", stop_sequence="END")
    body = (await client.messages()).json
    assert (body["stop_reason"], body["stop_sequence"]) == ("stop_sequence", "END")


async def test_arguments_cut_short_are_an_empty_object_in_a_whole_answer(client: "Client", sandbox: Sandbox) -> None:
    calls = [Call(name="t", arguments='{"a": '), Call(name="t", arguments="[1]"), Call(name="t", arguments="", id="toolu_x")]
    sandbox.script.answer(tools=calls, finish="length")
    content = (await client.messages()).json["content"]
    assert [block["input"] for block in content] == [{}, {}, {}]
    assert content[2]["id"] == "toolu_x"
