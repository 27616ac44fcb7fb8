"""/responses over a WebSocket."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.sandbox import Sandbox
from copilot_api.sandbox.responses_wire import TERMINAL
from tests.builders.waiting import eventually

if TYPE_CHECKING:
    from copilot_api.sandbox.script import FaultKind
    from tests.sandbox.conftest import Client

MINI, GROK = "gpt-5-mini", "grok-4.7"
ENDED = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


class Line:
    """One WebSocket, seen from the client's side."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def ask(self, given: Any = "Hello", *, model: str = MINI, **fields: Any) -> list[Json]:
        await self.send(given, model=model, **fields)
        return await self.events()

    async def send(self, given: Any = "Hello", *, model: str = MINI, **fields: Any) -> None:
        await self.ws.send_bytes(dumps({"type": "response.create", "model": model, "input": given} | fields))

    async def events(self) -> list[Json]:
        """Up to the end of an answer, or of the connection."""
        got: list[Json] = []
        while not got or got[-1]["type"] not in TERMINAL:
            message = await self.ws.receive(timeout=5)
            if message.type in ENDED:
                break
            got.append(loads(message.data.encode()))
        return got


@pytest.fixture
async def line(client: "Client") -> AsyncIterator[Line]:
    async with await client.connect() as ws:
        yield Line(ws)


def error_of(events: list[Json]) -> Json:
    assert [event["type"] for event in events] == ["error"]
    error: Json = events[0]["error"]
    return error


async def test_the_messages_are_the_events_of_a_stream(line: Line, client: "Client") -> None:
    over_http = [event["type"] for event in (await client.responses(stream=True)).events]
    events = await line.ask()
    assert [event["type"] for event in events] == over_http
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


async def test_the_last_message_says_what_is_left(line: Line) -> None:
    last = (await line.ask())[-1]
    assert last["copilot_usage"]["total_nano_aiu"] > 0
    assert last["copilot_quota_snapshots"]["premium_interactions"] == {
        "entitlement": "7000",
        "percent_remaining": 87.4,
        "overage_count": 0,
        "overage_permitted": True,
        "reset_date": "2026-12-01T00:00:00Z",
    }


async def test_the_initiator_stands_in_the_message(line: Line, sandbox: Sandbox, client: "Client") -> None:
    sandbox.plan = "legacy"
    entry = next(e for e in sandbox.models if e["id"] == MINI)
    sandbox.models = [entry | {"billing": {"is_premium": True, "multiplier": 1}}]
    await line.ask(initiator="user")
    await line.ask(initiator="agent")
    snapshot = (await client.github("/copilot_internal/user")).json["quota_snapshots"]["premium_interactions"]
    assert snapshot["quota_remaining"] == 241.67  # of 300, after 57.33 and 1


async def test_an_answer_may_be_gone_on_with_by_its_id(line: Line) -> None:
    first = (await line.ask("My name is Ada"))[-1]["response"]
    second = await line.ask("Go on", previous_response_id=first["id"])
    assert second[-1]["type"] == "response.completed"
    assert second[-1]["response"]["previous_response_id"] == first["id"]
    assert second[-1]["response"]["usage"]["input_tokens"] > first["usage"]["output_tokens"]


async def test_a_tool_result_may_come_alone_after_its_call(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.answer(thinking="Hm.", tools=[("f", {})])
    first = (await line.ask(include=["reasoning.encrypted_content"]))[-1]["response"]
    result = {"type": "function_call_output", "call_id": first["output"][1]["call_id"], "output": "done"}
    second = (await line.ask([result], previous_response_id=first["id"]))[-1]["response"]
    assert second["output"][0]["content"][0]["text"].endswith("f answered:\ndone")


async def test_ids_mean_something_on_their_own_connection_only(line: Line, client: "Client") -> None:
    response = (await line.ask())[-1]["response"]
    item, reference = response["output"][0], {"type": "item_reference", "id": response["output"][0]["id"]}
    user = {"role": "user", "content": "Go on"}
    for known in (item, reference):
        assert (await line.ask([user, known, user]))[-1]["type"] == "response.completed"
    async with await client.connect() as ws:
        for strange in (item, reference):
            assert error_of(await Line(ws).ask([strange, user])) == {
                "code": "bad_request",
                "message": "input item ID does not belong to this connection",
            }
        error = error_of(await Line(ws).ask(previous_response_id=response["id"]))
        assert error["code"] == "previous_response_not_found"


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"store": True}, "bad_request", "store is not supported"),
        ({"temperature": 0.5}, "bad_request", "Unsupported parameter: 'temperature' is not supported with this model."),
        ({"given": {"role": "user"}}, "bad_request", "Invalid type for 'input': expected a string or an array"),
        ({"given": ["x"]}, "bad_request", "Invalid type for 'input[0]': expected an object"),
        ({"given": None}, "bad_request", "Missing required parameter: 'input'."),
        ({"type": "response.cancel"}, "bad_request", "Invalid value: 'response.cancel'."),
        ({"model": "nobody"}, "model_not_supported", "The requested model is not supported."),
        ({"model": GROK}, "unsupported_api_for_model", f'model "{GROK}" is not accessible via the ws:/responses endpoint'),
        ({"previous_response_id": "resp_1"}, "previous_response_not_found", "Previous response with id 'resp_1' not found."),
        ({"given": "word" * 200_000}, "model_max_prompt_tokens_exceeded", "prompt token count of 200000 exceeds"),
    ],
)
async def test_what_is_refused(line: Line, fields: dict[str, Any], code: str, message: str) -> None:
    error = error_of(await line.ask(**fields))
    assert error["code"] == code
    assert error["message"].startswith(message)
    assert (await line.ask())[-1]["type"] == "response.completed", "the connection goes on"


async def test_a_refusal_says_what_is_left(line: Line) -> None:
    refused = (await line.ask(store=True))[0]
    assert set(refused["copilot_quota_snapshots"]) == {"chat", "completions", "premium_interactions"}


@pytest.mark.parametrize("message", ["", "{", "[]", '"x"'])
async def test_a_message_that_is_no_object(line: Line, message: str) -> None:
    await line.ws.send_str(message)
    assert error_of(await line.events()) == {"code": "bad_request", "message": "failed to parse request"}


async def test_a_schema_too_deep_to_read(line: Line) -> None:
    deep = b'{"a":{"properties":' * 480 + b"{}" + b"}}" * 480
    tool = b'{"type":"function","name":"f","parameters":{"type":"object","properties":' + deep + b"}}"
    await line.ws.send_bytes(b'{"type":"response.create","model":"gpt-5-mini","input":"x","tools":[' + tool + b"]}")
    assert error_of(await line.events()) == {"code": "bad_request", "message": "failed to parse request"}


async def test_images_need_no_header(line: Line) -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}
    assert (await line.ask([{"role": "user", "content": [image]}]))[-1]["type"] == "response.completed"


async def test_a_token_may_expire_meanwhile(line: Line, sandbox: Sandbox) -> None:
    sandbox.expire_tokens()
    assert error_of(await line.ask()) == {"code": "session_expired", "message": "unauthorized: token expired"}


async def test_the_upgrade_passes_the_door(client: "Client", sandbox: Sandbox) -> None:
    client.token = "tid=unknown"
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await client.connect()
    assert caught.value.status == 401
    assert sandbox.seen[-1].path == "ws:/responses"


@pytest.mark.parametrize(("kind", "status"), [("status", 426), ("overloaded", 503), ("delay", 426)])
async def test_the_upgrade_may_be_refused(client: "Client", sandbox: Sandbox, kind: "FaultKind", status: int) -> None:
    sandbox.script.fault(kind, status=426, path="ws:/responses")
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await client.connect()
    assert caught.value.status == status
    async with await client.connect() as ws:
        assert (await Line(ws).ask())[-1]["type"] == "response.completed"


async def test_every_message_is_seen(line: Line, sandbox: Sandbox) -> None:
    await line.ask("one")
    await line.ask("two")
    upgrade, *messages = [seen for seen in sandbox.seen if seen.plane == "copilot"]
    assert (upgrade.method, upgrade.path, upgrade.outcome) == ("GET", "ws:/responses", "")
    assert [(m.method, m.path, m.json["input"]) for m in messages] == [("WS", "/responses", "one"), ("WS", "/responses", "two")]
    assert upgrade.at < messages[0].at < messages[1].at
    await line.ws.close()
    await eventually(lambda: upgrade.outcome == "answered")
    assert [m.outcome for m in messages] == ["answered"] * 2


async def test_one_answer_at_a_time(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("delay", seconds=0.2)
    async with await client.connect() as ws:
        line = Line(ws)
        await line.send("one")
        assert error_of(await line.ask("two")) == {
            "code": "bad_request",
            "message": "only one response may be in progress on a connection",
        }
        assert (await line.events())[-1]["type"] == "response.completed"
        assert (await line.ask("three"))[-1]["type"] == "response.completed"
    assert sandbox.script.left == 0


@pytest.mark.parametrize(
    ("kind", "code", "message"),
    [
        ("unauthorized", "session_expired", "unauthorized: token expired"),
        ("forbidden", "bad_request", "access to this endpoint is forbidden"),
        ("rate_limited", "rate_limited", "Sorry, you have exceeded your rate limit. Please wait before you try again."),
        ("quota", "quota_exceeded", "You have no quota"),
        ("overloaded", "service_unavailable", "upstream provider is rate limited"),
        ("status", "internal_error", "Upstream model failed"),
    ],
)
async def test_an_error_instead_of_an_answer(line: Line, sandbox: Sandbox, kind: "FaultKind", code: str, message: str) -> None:
    sandbox.script.fault(kind)
    assert error_of(await line.ask()) == {"code": code, "message": message}
    assert sandbox.seen[-1].outcome == kind
    assert (await line.ask())[-1]["type"] == "response.completed"


async def test_an_error_with_a_code_and_words_of_its_own(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.fault("quota", code="overage_limit_reached", message="Enough.")
    assert error_of(await line.ask()) == {"code": "overage_limit_reached", "message": "Enough."}


async def test_an_error_within_an_answer(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.fault("error_event", after=3)
    events = await line.ask()
    assert [event["type"] for event in events][2:] == ["response.output_item.added", "error"]
    assert events[-1]["error"] == {"code": "internal_error", "message": "Upstream model failed"}
    assert "copilot_quota_snapshots" in events[-1]


async def test_a_failure_within_an_answer(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.fault("failed")
    events = await line.ask()
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.failed"]


async def test_a_broken_message(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.fault("bad_json", after=1)
    await line.send()
    assert loads((await line.ws.receive()).data.encode())["type"] == "response.created"
    with pytest.raises(ValueError, match="unexpected"):
        loads((await line.ws.receive()).data.encode())


@pytest.mark.parametrize("kind", ["no_done", "no_event_lines", "crlf", "gzip_lies"])
async def test_what_means_nothing_here(line: Line, sandbox: Sandbox, kind: "FaultKind") -> None:
    sandbox.script.fault(kind)
    assert (await line.ask(model="gpt-5.3-codex"))[-1]["type"] == "response.completed"


@pytest.mark.parametrize(("kind", "count"), [("eof", 8), ("cut", 2), ("reset", 0)])
async def test_the_connection_ends_within_an_answer(line: Line, sandbox: Sandbox, kind: "FaultKind", count: int) -> None:
    sandbox.script.answer("x")
    sandbox.script.fault(kind)
    events = await line.ask()
    assert len(events) == count
    assert not {event["type"] for event in events} & set(TERMINAL)
    assert line.ws.closed


@pytest.mark.parametrize("kind", ["stall", "stall_mid"])
async def test_silence_ends_when_the_client_leaves(line: Line, sandbox: Sandbox, kind: "FaultKind") -> None:
    sandbox.script.fault(kind)
    await line.send()
    with pytest.raises(TimeoutError):
        while True:
            await line.ws.receive(timeout=0.05)
    await line.ws.close()
    await eventually(lambda: sandbox.seen[-1].outcome == "client left")


async def test_silence_ends_when_the_sandbox_stops(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.fault("stall")
    await line.send()
    await eventually(lambda: sandbox.script.left == 0)
    started = time.monotonic()
    await sandbox.stop()
    assert (await line.ws.receive()).type in ENDED
    assert time.monotonic() - started < 1


async def test_a_client_that_does_not_read_is_not_waited_for(line: Line, sandbox: Sandbox) -> None:
    await line.ask()
    started = time.monotonic()
    await sandbox.stop()
    assert time.monotonic() - started < 3


async def test_a_client_may_vanish_in_the_middle(client: "Client") -> None:
    async with Sandbox(pace_s=0.02) as slow:
        client.sandbox, client.token = slow, ""
        async with aiohttp.ClientSession() as vanishing:
            ws = await vanishing.ws_connect(f"{slow.copilot_url}/responses", headers=await client.headers())
            await Line(ws).send()
            await ws.receive()
        await eventually(lambda: slow.seen[-1].outcome == "client left")


async def test_an_answer_may_be_given_byte_by_byte(line: Line, sandbox: Sandbox) -> None:
    sandbox.script.raw(b'data: {"type":"a"}\n\ndata: {"type":"b"}\n\n', b'{"type":"error"}', b"data: [DONE]\n\n")
    assert [event["type"] for event in await line.ask()] == ["a", "b", "error"]


async def test_a_broken_frame_ends_the_connection(line: Line, sandbox: Sandbox) -> None:
    await line.ws.send_frame(b"\xff", aiohttp.WSMsgType.TEXT)
    assert await line.events() == []
    assert line.ws.closed
    await eventually(lambda: sandbox.seen[-1].outcome == "answered")


async def test_pings_are_answered(line: Line) -> None:
    await line.ws.ping()
    assert (await line.ask())[-1]["type"] == "response.completed"


async def test_several_connections_at_once(client: "Client") -> None:
    async def one() -> str:
        async with await client.connect() as ws:
            return str((await Line(ws).ask())[-1]["type"])

    assert await asyncio.gather(*(one() for _ in range(5))) == ["response.completed"] * 5
