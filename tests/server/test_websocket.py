"""Responses over WebSockets, over real sockets: the same answers, one at a time, and every way in which it can end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from copilot_api.dialects.codec import dumps, loads
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.sandbox import Sandbox
from copilot_api.server.limits import Summary
from copilot_api.service import Service
from tests.builders.clients import openai_responses_reads
from tests.builders.raw import Wire
from tests.builders.serving import Serve, Serving
from tests.builders.waiting import eventually
from tests.conftest import MakeService

PATH = "/v1/responses"
ASK: dict[str, Any] = {"type": "response.create", "model": "gpt-5-mini", "input": "How is Oslo?"}
# One model for each endpoint of Copilot's.
MODELS = pytest.mark.parametrize("name", ["gpt-5.3-codex", "claude-opus-5", "gpt-4.1"])
ENDINGS = {"response.completed", "response.incomplete", "response.failed", "error"}


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


class Talk:
    """A connection to the server."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, **fields: Any) -> None:
        await self.socket.send_json(ASK | fields)

    async def event(self) -> Any:
        """The next event."""
        message = await self.socket.receive(timeout=10)
        assert message.type is WSMsgType.TEXT, message
        return json.loads(message.data)

    async def events(self) -> list[Any]:
        """The events of one answer."""
        events = [await self.event()]
        while events[-1]["type"] not in ENDINGS:
            events.append(await self.event())
        return events

    async def ask(self, **fields: Any) -> Any:
        """The last event of the answer to a request."""
        await self.say(**fields)
        return (await self.events())[-1]

    async def ended(self) -> int | None:
        """The code with which the server hangs up."""
        message = await self.socket.receive(timeout=10)
        assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}, message
        return self.socket.close_code


@asynccontextmanager
async def talking(server: Serving, **options: Any) -> AsyncIterator[Talk]:
    async with aiohttp.ClientSession() as http, http.ws_connect(server.url + PATH, **options) as socket:
        yield Talk(socket)


def upstream(sandbox: Sandbox) -> list[Any]:
    return [seen for seen in sandbox.seen if seen.path in {"/chat/completions", "/v1/messages", "/responses"}]


def text_of(event: Any) -> str:
    assert event["type"] == "response.completed", event
    parts = [part for item in event["response"]["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


@MODELS
async def test_the_events_are_those_of_a_stream(server: Serving, sandbox: Sandbox, name: str) -> None:
    sandbox.script.answer("Cold and bright.", times=2)
    async with talking(server) as talk:
        await talk.say(model=name)
        events = await talk.events()
    assert text_of(events[-1]) == "Cold and bright."
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    openai_responses_reads(b"".join(encode(dumps(event), event["type"]) for event in events), strict=False)
    body = {key: value for key, value in ASK.items() if key != "type"} | {"model": name, "stream": True}
    async with aiohttp.ClientSession() as http, http.post(server.url + PATH, json=body) as response:
        streamed = [loads(frame.data) for frame in SseDecoder().feed(await response.read())]
    assert [event["type"] for event in events] == [event["type"] for event in streamed]


@pytest.mark.parametrize("path", ["/responses", "/v1/responses/", "/v1/v1/responses"])
async def test_each_spelling_of_the_path_is_served(server: Serving, path: str) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(server.url + path) as socket:
        assert text_of(await Talk(socket).ask())


async def test_what_belongs_to_the_transport_is_not_sent_on(server: Serving, sandbox: Sandbox) -> None:
    async with talking(server) as talk:
        await talk.ask(stream=False, background=False, initiator="agent", generate=True, store=False, metadata={"a": "b"})
    sent = upstream(sandbox)[-1]
    assert not {"type", "initiator", "generate", "background"} & sent.json.keys()
    assert (sent.json["stream"], sent.headers["X-Initiator"]) == (True, "user")


async def test_answers_follow_one_another(service: Service, sandbox: Sandbox) -> None:
    async with talking(service) as talk:
        for n in range(5):
            sandbox.script.answer(f"Answer {n}.")
            assert text_of(await talk.ask(input=f"Question {n}")) == f"Answer {n}."
    ids = [seen.headers["X-Request-Id"] for seen in upstream(sandbox)]
    assert len(set(ids)) == 5
    await eventually(lambda: service.status.active == 0)


# Going on from the last response


async def test_a_request_can_go_on_from_the_last_response(server: Serving, sandbox: Sandbox) -> None:
    async with talking(server) as talk:
        sandbox.script.answer("I look.", tools=[("get_weather", {"city": "Oslo"})])
        tools = [{"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}]
        first = await talk.ask(tools=tools, store=False)
        call = next(item for item in first["response"]["output"] if item["type"] == "function_call")
        result = {"type": "function_call_output", "call_id": call["call_id"], "output": "-3 °C"}
        sandbox.script.answer("Cold.")
        second = await talk.ask(tools=tools, input=[result], previous_response_id=first["response"]["id"], store=False)
        assert text_of(second) == "Cold."
        sandbox.script.answer("You are welcome.")
        third = await talk.ask(input="Thanks", previous_response_id=second["response"]["id"], store=False)
        assert text_of(third) == "You are welcome."
    sent = upstream(sandbox)[-1]
    assert "previous_response_id" not in sent.json
    roles = [item.get("role") or item["type"] for item in sent.json["input"]]
    assert roles == ["user", "assistant", "function_call", "function_call_output", "assistant", "user"]


@pytest.mark.parametrize("forget", ["another connection", "a failure", "another response"])
async def test_what_is_not_known_any_more_is_said(server: Serving, sandbox: Sandbox, forget: str) -> None:
    async with talking(server) as first, talking(server) as other:
        id_ = (await first.ask())["response"]["id"]
        talk = other if forget == "another connection" else first
        match forget:
            case "another connection":
                pass
            case "a failure":
                sandbox.script.fault("overloaded")
                assert (await talk.ask(previous_response_id=id_))["type"] == "error"
            case _:
                await talk.ask()
        asked = len(upstream(sandbox))
        refused = await talk.ask(previous_response_id=id_)
        assert (refused["type"], refused["status"]) == ("error", 400)
        assert (refused["error"]["code"], refused["error"]["param"]) == ("previous_response_not_found", "previous_response_id")
        assert len(upstream(sandbox)) == asked
        assert text_of(await talk.ask()), "the connection goes on"


async def test_a_conversation_on_the_server_is_refused(server: Serving) -> None:
    async with talking(server) as talk:
        assert (await talk.ask(conversation="conv_1"))["error"]["param"] == "conversation"


async def test_a_warm_up_asks_nobody_and_can_be_gone_on_from(server: Serving, sandbox: Sandbox) -> None:
    async with talking(server) as talk:
        await talk.say(generate=False, input=[], instructions="Be brief.")
        events = await talk.events()
        assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.completed"]
        assert (events[-1]["response"]["output"], upstream(sandbox)) == ([], [])
        sandbox.script.answer("Cold.")
        assert text_of(await talk.ask(previous_response_id=events[-1]["response"]["id"])) == "Cold."
        assert [item["role"] for item in upstream(sandbox)[-1].json["input"]] == ["user"]
        assert (await talk.ask(generate=False, model="gpt-99"))["status"] == 404


async def test_items_can_be_referred_to_from_anywhere(server: Serving, http: aiohttp.ClientSession) -> None:
    async with talking(server) as talk:
        items = (await talk.ask())["response"]["output"]
        private = (await talk.ask(store=False))["response"]["output"]
    for given, status in ((items, 200), (private, 400)):
        references = [{"type": "item_reference", "id": item["id"]} for item in given]
        body = {"model": "gpt-5-mini", "input": [*references, {"role": "user", "content": "And now?"}]}
        async with http.post(server.url + PATH, json=body) as response:
            assert response.status == status


# What is refused


async def test_a_second_request_must_wait(server: Serving, sandbox: Sandbox) -> None:
    sandbox.script.fault("delay", seconds=0.3)
    async with talking(server) as talk:
        await talk.say()
        await talk.say(input="Me too")
        refused = await talk.event()
        assert (refused["type"], refused["status"], refused["error"]["code"]) == ("error", 400, "response_in_progress")
        assert text_of((await talk.events())[-1])
        assert text_of(await talk.ask(input="Me now"))
    assert len(upstream(sandbox)) == 2


async def test_receipts_are_taken_without_a_word(server: Serving, sandbox: Sandbox) -> None:
    sandbox.script.fault("delay", seconds=0.2)
    async with talking(server) as talk:
        await talk.say()
        await talk.socket.send_json({"type": "response.processed", "response_id": "resp_1"})
        assert text_of((await talk.events())[-1])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("<html>", "invalid_json"),
        ("[]", "invalid_json"),
        ("\ud800", None),
        ('{"type":"session.update"}', "unsupported_value"),
        ("{}", "unsupported_value"),
        ('{"type":"response.create"}', "missing_required_parameter"),
        ('{"type":"response.create","model":"gpt-5-mini"}', "missing_required_parameter"),
        ('{"type":"response.create","model":"gpt-99","input":"q"}', "model_not_found"),
    ],
)
async def test_what_is_no_request_is_refused_and_the_connection_goes_on(
    server: Serving, sandbox: Sandbox, message: str, code: str | None
) -> None:
    async with talking(server) as talk:
        if code is None:
            await talk.socket.send_bytes(b'{"type":"response.create"}')
        else:
            await talk.socket.send_str(message)
        refused = await talk.event()
        assert refused["type"] == "error"
        assert refused["error"]["code"] == (code or "invalid_json")
        assert refused["status"] == (404 if code == "model_not_found" else 400)
        assert not upstream(sandbox)
        assert text_of(await talk.ask())


async def test_a_message_over_the_limit_ends_the_connection(serve: Serve) -> None:
    server = await serve(body_limit_mib=1)
    async with talking(server) as talk:
        await talk.say(input="x" * 1024 * 1024)
        assert await talk.ended() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_the_door_is_guarded_like_any_other(serve: Serve) -> None:
    server = await serve(api_keys=("right",))
    for headers, status in (
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer right", "Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer right", "Host": "evil.example"}, 403),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with talking(server, headers=headers):
                pass
        assert caught.value.status == status
    async with talking(server, headers={"Authorization": "Bearer right"}) as talk:
        assert text_of(await talk.ask())


async def test_where_websockets_are_off_clients_are_sent_back_to_http(serve: Serve) -> None:
    server = await serve(websockets=False)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with talking(server):
            pass
    assert caught.value.status == 426, "the status at which Codex goes on over HTTP at once"


async def test_a_plain_get_is_told_what_is_served(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + PATH) as response:
        assert response.status == 405
        assert "POST, and WebSockets" in (await response.json())["error"]["message"]


async def test_the_limits_hold(serve: Serve) -> None:
    server = await serve(rate_limit=30)
    async with talking(server) as talk:
        assert text_of(await talk.ask())
        refused = await talk.ask()
        assert (refused["status"], refused["error"]["type"]) == (429, "rate_limit_error")
        assert refused["headers"] == {"retry-after": "30"}


async def test_the_person_decides(make_service: MakeService) -> None:
    asked: list[Summary] = []

    class Person:
        async def approve(self, summary: Summary) -> bool:
            asked.append(summary)
            return len(asked) > 1

    service = await make_service(approver=Person(), manual=True)
    async with talking(service, headers={"User-Agent": "codex"}) as talk:
        assert (await talk.ask())["status"] == 403
        assert text_of(await talk.ask())
    assert (asked[0].dialect, asked[0].client, asked[0].model) == ("responses", "codex", "gpt-5-mini")


# What goes wrong


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("overloaded", 503), ("html", 502), ("quota", 429)])
async def test_a_refusal_of_copilots_has_its_status(server: Serving, sandbox: Sandbox, fault: Any, status: int) -> None:
    sandbox.script.fault(fault, seconds=9, times=2 if fault == "html" else 1)  # a gateway's page is tried once more
    async with talking(server) as talk:
        refused = await talk.ask()
        assert (refused["type"], refused["status"]) == ("error", status)
        assert refused["error"]["message"]
        assert text_of(await talk.ask())


@MODELS
@pytest.mark.parametrize("fault", ["cut", "eof", "error_event"])
async def test_an_answer_that_breaks_ends_as_failed(server: Serving, sandbox: Sandbox, name: str, fault: Any) -> None:
    sandbox.pace_s = 0.02  # all at once, it would break before anything was sent
    sandbox.script.answer("one two three four five six seven eight nine ten")
    sandbox.script.fault(fault, after=6)
    async with talking(server) as talk:
        last = await talk.ask(model=name)
        assert last["type"] == "response.failed"
        assert last["response"]["error"]["message"]
        assert text_of(await talk.ask(model=name))


async def test_nothing_is_sent_twice(server: Serving, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    """users.md row 19: no replay after send. Over HTTP a request is sent once more when the connection was lost."""
    sandbox.script.fault("reset")
    async with talking(server) as talk:
        assert (await talk.ask())["status"] == 502
    assert len(upstream(sandbox)) == 1
    sandbox.script.fault("reset")
    async with http.post(server.url + PATH, json={"model": "gpt-5-mini", "input": "q"}) as response:
        assert response.status == 200


async def test_silence_is_filled_and_ends_in_time(serve: Serve, sandbox: Sandbox) -> None:
    """Codex does not take a ping of the connection for a sign of life, only messages."""
    server = await serve(idle_timeout_s=1, heartbeat_s=0.2)
    sandbox.script.answer("one two three four five six seven eight nine ten")
    sandbox.script.fault("stall_mid", after=6)
    async with talking(server) as talk:
        await talk.say()
        events = await talk.events()
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds.count("keepalive") >= 2
    assert kinds[-1] == "response.failed"
    assert "fell silent" in events[-1]["response"]["error"]["message"]


async def test_silence_before_the_answer_is_filled_by_beginning_it(serve: Serve, sandbox: Sandbox) -> None:
    server = await serve(heartbeat_s=0.05)
    sandbox.script.fault("delay", seconds=0.3)
    async with talking(server) as talk:
        await talk.say()
        kinds = [event["type"] for event in await talk.events()]
    assert (kinds[0], kinds[-1], kinds.count("response.created")) == ("response.created", "response.completed", 1)
    assert kinds.count("keepalive") >= 2


async def test_a_client_that_answers_no_pings_is_gone_in_the_middle_of_an_answer_too(
    make_service: MakeService, sandbox: Sandbox
) -> None:
    service = await make_service(heartbeat_s=0.1, client_timeout_s=0.5)
    async with talking(service, autoping=False) as talk:
        message = await talk.socket.receive(timeout=5)
        assert message.type is WSMsgType.PING
        await talk.socket.pong(message.data)
        sandbox.script.fault("stall")
        await talk.say()
        await eventually(lambda: service.status.active == 1)
        await eventually(lambda: service.status.active == 0)
        await eventually(lambda: upstream(sandbox)[-1].outcome == "client left")


async def test_a_client_that_answers_no_pings_is_gone(make_service: MakeService) -> None:
    service = await make_service(heartbeat_s=0.1)
    async with talking(service, autoping=False) as talk:
        assert (await talk.socket.receive(timeout=5)).type is WSMsgType.PING
        assert (await talk.socket.receive(timeout=5)).type in {WSMsgType.CLOSED, WSMsgType.ERROR}


async def test_a_client_that_is_slow_to_read_its_answer_is_none_that_is_gone(
    make_service: MakeService, sandbox: Sandbox
) -> None:
    """The ping waits behind all that was said before, and is answered when the client comes to it."""
    service = await make_service(heartbeat_s=0.1)
    sandbox.script.answer("one two three four five six seven eight")
    sandbox.script.fault("delay", seconds=1.0)
    async with talking(service, autoping=False) as talk:
        await talk.say()
        await asyncio.sleep(0.9)
        kinds = []
        while "response.completed" not in kinds:
            message = await talk.socket.receive(timeout=5)
            kinds.append(json.loads(message.data)["type"] if message.type is WSMsgType.TEXT else message.type.name)
        assert "PING" in kinds


async def test_pings_of_clients_are_answered(server: Serving) -> None:
    async with talking(server, autoping=False) as talk:
        await talk.socket.ping(b"there?")
        message = await talk.socket.receive(timeout=5)
        assert (message.type, bytes(message.data)) == (WSMsgType.PONG, b"there?")


LONG = {"model": "gpt-5.6-sol", "input": "word " * 120_000}  # more than half a MiB, for a model that takes it


async def test_all_connections_remember_so_much_together(serve: Serve) -> None:
    """A client whose conversation was forgotten is told so in the words at which it sends it whole."""
    server = await serve(websocket_store_mib=1)
    async with talking(server) as first, talking(server) as second:
        known = [(await talk.ask(**LONG))["response"]["id"] for talk in (first, second)]
        follows = LONG | {"input": "And now?"}
        assert (await second.ask(**follows, previous_response_id=known[1]))["type"] == "response.completed"
        refused = await first.ask(**follows, previous_response_id=known[0])
        assert (refused["status"], refused["error"]["code"]) == (400, "previous_response_not_found")
        assert (await first.ask(input="Begin anew"))["type"] == "response.completed"


async def test_a_closed_connection_leaves_its_room_to_others(serve: Serve) -> None:
    server = await serve(websocket_store_mib=1)
    async with talking(server) as stays:
        short = (await stays.ask(input="Hei"))["response"]["id"]
        for _ in range(2):
            async with talking(server) as leaves:
                assert (await leaves.ask(**LONG))["type"] == "response.completed"
            await asyncio.sleep(0.5)  # until the server has seen that it left
        assert (await stays.ask(previous_response_id=short))["type"] == "response.completed"


async def test_a_fault_of_our_own_is_told(make_service: MakeService, caplog: pytest.LogCaptureFixture) -> None:
    class Careless:
        async def approve(self, summary: Summary) -> bool:
            raise KeyError(summary.client)

    service = await make_service(approver=Careless(), manual=True)
    async with talking(service, headers={"User-Agent": "canary"}) as talk:
        refused = await talk.ask()
        assert refused["status"] == 500
        assert "canary" not in json.dumps(refused) + caplog.text
        assert (await talk.ask(model="gpt-99"))["status"] == 404


# Leaving


@pytest.mark.parametrize("politely", [True, False])
async def test_a_client_that_leaves_ends_the_work_upstream(
    service: Service, sandbox: Sandbox, politely: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "copilot_api")
    sandbox.script.fault("stall_mid", after=6)
    async with talking(service) as talk:
        await talk.say()
        while (await talk.event())["type"] != "response.output_text.delta":
            continue
        if politely:
            await talk.socket.close()
        else:
            transport = talk.socket._writer.transport
            assert transport is not None
            transport.abort()
        await eventually(lambda: upstream(sandbox)[-1].outcome == "client left")
    await eventually(lambda: service.status.active == 0)
    assert ", 499, " in caplog.text
    assert "Traceback" not in caplog.text
    assert "fault of our own" not in caplog.text


async def test_an_idle_connection_is_closed_when_the_service_stops(make_service: MakeService) -> None:
    service = await make_service(drain_s=30)
    async with talking(service) as talk, talking(service):
        await talk.ask()
        stopping = asyncio.gather(service.stop())
        assert await talk.ended() == aiohttp.WSCloseCode.GOING_AWAY
        async with asyncio.timeout(10):
            await stopping


async def test_a_busy_connection_is_closed_after_its_answer(make_service: MakeService, sandbox: Sandbox) -> None:
    service = await make_service(drain_s=30)
    sandbox.script.fault("delay", seconds=0.3)
    sandbox.script.answer("Cold.")
    async with talking(service) as talk:
        await talk.say()
        await eventually(lambda: service.status.active == 1)
        stopping = asyncio.gather(service.stop())
        assert text_of((await talk.events())[-1]) == "Cold."
        assert await talk.ended() == aiohttp.WSCloseCode.GOING_AWAY
        await stopping


@pytest.mark.parametrize("fault", ["stall", "stall_mid"])
async def test_an_answer_that_takes_too_long_is_ended_truthfully(
    make_service: MakeService, sandbox: Sandbox, fault: Any
) -> None:
    service = await make_service(drain_s=0.1)
    sandbox.script.fault(fault, after=6)
    async with talking(service) as talk:
        await talk.say()
        await eventually(lambda: service.status.active == 1)
        if fault == "stall_mid":
            assert (await talk.event())["type"] == "response.created"
        stopping = asyncio.gather(service.stop())
        last = (await talk.events())[-1]
        problem = last["error"] if fault == "stall" else last["response"]["error"]
        assert "shutting down" in problem["message"]
        assert await talk.ended() == aiohttp.WSCloseCode.GOING_AWAY
        await stopping


def masked(text: str) -> bytes:
    """A message as clients frame it, masked with zeros. Up to 64 KiB."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


async def upgraded(wire: Wire) -> None:
    key = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13")
    await wire.send(wire.head("GET", PATH, "Upgrade: websocket", "Connection: Upgrade", *key))
    assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")


async def test_a_client_that_does_not_read_does_not_hold_up_the_end(make_service: MakeService, sandbox: Sandbox) -> None:
    service = await make_service(drain_s=0.1)
    item = {"type": "message", "id": "a", "role": "assistant", "content": [{"type": "output_text", "text": "x" * 400_000}]}
    events: list[Any] = [
        {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        *([{"type": "response.brand_new", "padding": "x" * 65536}] * 800),
    ]
    sandbox.script.raw(*(encode(dumps(event), event["type"]) for event in events))
    async with Wire(service.url) as wire:
        await upgraded(wire)
        await wire.send(masked(json.dumps(ASK)))
        await eventually(lambda: service.status.active == 1)
        await asyncio.sleep(0.3)
        assert upstream(sandbox)[-1].outcome == "", "52 MB do not fit into the buffers between us"
        async with asyncio.timeout(15):
            await service.stop()


async def test_a_client_that_does_not_read_what_is_refused_slows_only_itself(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "copilot_api.server.websocket")
    async with Wire(service.url) as wire:
        await upgraded(wire)
        flood = asyncio.gather(wire.send(masked("{}") * 100_000))
        await eventually(lambda: "does not read what it is told" in caplog.text, within_s=30)
        async with talking(service) as talk:
            assert text_of(await talk.ask())
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
    await eventually(lambda: service.status.active == 0)


async def test_two_hundred_connections_at_once(service: Service, sandbox: Sandbox) -> None:
    sandbox.script.answer("one two three four five", times=200)

    async def one(http: aiohttp.ClientSession) -> str:
        async with http.ws_connect(service.url + PATH) as socket:
            return text_of(await Talk(socket).ask())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        texts = await asyncio.gather(*(one(http) for _ in range(200)))
    assert set(texts) == {"one two three four five"}
    await eventually(lambda: service.status.active == 0)
