"""The model endpoints, end to end over real sockets: answers, streams, silence, and everything that breaks."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import dumps, loads
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.errors import UpstreamUnreachable
from copilot_api.sandbox import Sandbox
from copilot_api.server import relay
from copilot_api.server.limits import Summary
from copilot_api.service import Service
from copilot_api.upstream.breaker import LASTING_S, TRIES
from tests.builders.raw import Wire
from tests.builders.serving import Serve, Serving
from tests.builders.waiting import eventually
from tests.conftest import MakeService

CHAT_PATH, MESSAGES_PATH = "/v1/chat/completions", "/v1/messages"
ASK = [{"role": "user", "content": "How is Oslo?"}]
CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": ASK}
CLAUDE: dict[str, Any] = {"model": "claude-sonnet-4.6", "max_tokens": 500, "messages": ASK}
# (path, body): both dialects, each passed through and each translated.
PASSED_CHAT = (CHAT_PATH, CHAT)
PASSED_MESSAGES = (MESSAGES_PATH, CLAUDE)
TO_CHAT = (MESSAGES_PATH, CLAUDE | {"model": "gpt-4.1"})
TO_MESSAGES = (CHAT_PATH, CHAT | {"model": "claude-opus-5"})
FOUR_WAYS = pytest.mark.parametrize(("path", "body"), [PASSED_CHAT, PASSED_MESSAGES, TO_CHAT, TO_MESSAGES])


def chunk(delta: Any, finish: str | None = None) -> bytes:
    """A frame of a chat stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return encode(dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}))


def event(type_: str, **fields: Any) -> bytes:
    """A frame of a messages stream."""
    return encode(dumps({"type": type_, **fields}), type_)


MESSAGE: dict[str, Any] = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
USAGE = {"input_tokens": 3, "output_tokens": 1}
# Streams that say all and then forget to end.
FINISHED_CHAT = (chunk({"role": "assistant", "content": "All."}), chunk({}, "stop"))
FINISHED_MESSAGES = (
    event("message_start", message=MESSAGE | {"stop_sequence": None, "usage": USAGE}),
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "All."}),
    event("content_block_stop", index=0),
    event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 2}),
)


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


def upstream(sandbox: Sandbox) -> list[Any]:
    return [seen for seen in sandbox.seen if seen.path in {"/chat/completions", "/v1/messages"}]


def text_of(path: str, answer: Any) -> str:
    if path == CHAT_PATH:
        return str(answer["choices"][0]["message"]["content"])
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")


def streamed_text(path: str, stream: bytes) -> str:
    text = ""
    for frame in SseDecoder().feed(stream):
        if frame.data in {b"", b"[DONE]"}:
            continue
        event = loads(frame.data)
        if path == CHAT_PATH:
            text += "".join(choice["delta"].get("content") or "" for choice in event["choices"])
        elif event["type"] == "content_block_delta":
            text += event["delta"].get("text", "")
    return text


def last_error(stream: bytes) -> Any:
    """The error with which a stream ends; fails when it ends well."""
    frames = [frame for frame in SseDecoder().feed(stream) if frame.data]
    assert frames[-1].data != b"[DONE]"
    event = loads(frames[-1].data)
    assert event.get("type") != "message_stop"
    return event["error"]


@FOUR_WAYS
async def test_a_whole_answer(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    sandbox.script.answer("Cold and bright.")
    async with http.post(server.url + path, json=body) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        answer = await response.json()
    assert text_of(path, answer) == "Cold and bright."


@FOUR_WAYS
async def test_a_streamed_answer(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    sandbox.script.answer("Cold and bright.")
    async with http.post(server.url + path, json=body | {"stream": True}) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        stream = await response.read()
    assert streamed_text(path, stream) == "Cold and bright."
    assert stream.endswith(b"data: [DONE]\n\n" if path == CHAT_PATH else b'data: {"type":"message_stop"}\n\n')


async def test_pass_through_is_byte_for_byte(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    start = b'{"type":"message_start", "message":{"model":"%b","new":1,"usage":{"input_tokens":3}}}' % CLAUDE["model"].encode()
    frames = [
        b"event: message_start\ndata: %b\n\n" % start,
        b'event: content_block_start\r\ndata: {"type":"content_block_start","index":0}\r\n\r\n',
        b"event: content_block_delta\ndata: {}\n\n: a comment\n\n",
        b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}\n\n',
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ]
    sandbox.script.raw(*frames)
    raw = json.dumps(CLAUDE | {"stream": True, "metadata": {"user_id": "u"}}, indent=1).encode()
    async with http.post(server.url + MESSAGES_PATH, data=raw) as response:
        assert await response.read() == b"".join(frames)
    assert upstream(sandbox)[0].body == raw


async def test_long_claude_answers_are_streamed_upstream_and_put_together(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.script.answer("Cold and bright.")
    async with http.post(server.url + MESSAGES_PATH, json=CLAUDE | {"max_tokens": 32000}) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert text_of(MESSAGES_PATH, await response.json()) == "Cold and bright."
    assert upstream(sandbox)[0].json["stream"] is True


async def test_what_was_lost_and_mended_is_named(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    body = CLAUDE | {"model": "gpt-4.1", "top_k": 5}
    for stream in (False, True):
        async with http.post(server.url + MESSAGES_PATH, json=body | {"stream": stream}) as response:
            assert "top_k" in response.headers["x-copilot-api-losses"].split(",")
            await response.read()
    async with http.post(server.url + CHAT_PATH, json=CHAT | {"model": "gpt-5-mini", "max_tokens": 50}) as response:
        assert response.headers["x-copilot-api-repairs"]
        assert "x-copilot-api-losses" not in response.headers


async def test_names_in_headers_cannot_break_out_of_them(server: Serving, http: aiohttp.ClientSession) -> None:
    body = CLAUDE | {"model": "gpt-4.1", "evil\r\nSet-Cookie: a=b": 1, "ok": 1}
    async with http.post(server.url + MESSAGES_PATH, json=body) as response:
        assert response.status == 200
        assert "Set-Cookie" not in response.headers


@FOUR_WAYS
async def test_who_started_it_is_reported(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    """compat.md §2.3: the original said agent as soon as the assistant had ever spoken."""
    history = [*ASK, {"role": "assistant", "content": "Cold."}, {"role": "user", "content": "And Bergen?"}]
    for messages in (ASK, history):
        async with http.post(server.url + path, json=body | {"messages": messages}) as response:
            assert response.status == 200
    async with http.post(server.url + path, json=body, headers={"X-Initiator": "agent"}) as response:
        assert response.status == 200
    first, second, third = upstream(sandbox)
    assert [seen.headers["X-Initiator"] for seen in (first, second, third)] == ["user"] * 3
    assert first.headers["X-Interaction-Id"] != second.headers["X-Interaction-Id"]
    assert first.headers["X-Interaction-Id"] == third.headers["X-Interaction-Id"]
    assert first.headers["X-Interaction-Type"] == "conversation-agent"


async def test_pictures_are_announced(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """compat.md §2.3: the original looked for pictures in chat messages only, and not in tool results."""
    picture = {
        "type": "base64",
        "media_type": "image/png",
        "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    }
    messages = [{"role": "user", "content": [{"type": "image", "source": picture}, {"type": "text", "text": "What is it?"}]}]
    async with http.post(server.url + MESSAGES_PATH, json=CLAUDE | {"messages": messages}) as response:
        assert response.status == 200
    assert upstream(sandbox)[-1].headers["Copilot-Vision-Request"] == "true"
    async with http.post(server.url + MESSAGES_PATH, json=CLAUDE) as response:
        assert response.status == 200
    assert "Copilot-Vision-Request" not in upstream(sandbox)[-1].headers


async def test_only_betas_that_copilot_knows_go_up(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    headers = {"anthropic-beta": "claude-code-20250219, context-management-2025-06-27,,advanced-tool-use-2025-11-20"}
    async with http.post(server.url + MESSAGES_PATH, json=CLAUDE, headers=headers) as response:
        assert response.status == 200
    sent = upstream(sandbox)[-1].headers["anthropic-beta"]
    assert sent == "context-management-2025-06-27,advanced-tool-use-2025-11-20"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT_PATH, {"messages": ASK}),
        (CHAT_PATH, {"model": "gpt-4.1"}),
        (MESSAGES_PATH, {"model": "gpt-4.1", "max_tokens": 5}),
        (CHAT_PATH, CHAT | {"model": "text-embedding-3-small"}),
        (CHAT_PATH, CHAT | {"model": "gpt-41-copilot"}),
    ],
)
async def test_what_cannot_be_served_is_refused_before_anybody_is_asked(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    async with http.post(server.url + path, json=body) as response:
        assert response.status == 400
    assert not upstream(sandbox)


@pytest.mark.parametrize(("path", "type_"), [(CHAT_PATH, "invalid_request_error"), (MESSAGES_PATH, "not_found_error")])
async def test_an_unknown_model_is_answered_with_the_usable_ones(
    server: Serving, http: aiohttp.ClientSession, path: str, type_: str
) -> None:
    """compat.md §2.7: the original took claude-sonnet-4-5 for claude-sonnet-4."""
    async with http.post(server.url + path, json=CLAUDE | {"model": "claude-sonnet-4-7"}) as response:
        assert response.status == 404
        error = (await response.json())["error"]
    assert error["type"] == type_
    assert "claude-sonnet-4.6" in error["message"]


@FOUR_WAYS
@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_before_the_first_byte_has_its_real_status(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any], stream: bool
) -> None:
    sandbox.script.fault("rate_limited", seconds=9)
    async with http.post(server.url + path, json=body | {"stream": stream}) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "9")
        assert (await response.json())["error"]["type"] == "rate_limit_error"


@FOUR_WAYS
async def test_an_error_event_before_anything_was_sent_has_a_real_status(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    sandbox.script.fault("error_event", after=0, message="Out of breath", code="model_overloaded")
    async with http.post(server.url + path, json=body | {"stream": True}) as response:
        assert response.status >= 500
        assert "error" in await response.json()


@FOUR_WAYS
@pytest.mark.parametrize("fault", ["cut", "eof", "error_event"])
async def test_a_stream_that_breaks_ends_with_an_error_and_never_as_if_complete(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any], fault: Any
) -> None:
    """compat.md §2.8: in the original a broken upstream was a silent end with status 200."""
    sandbox.pace_s = 0.02  # all at once, it would break before anything was sent
    sandbox.script.answer("one two three four five six seven eight nine ten")
    sandbox.script.fault(fault, after=6)
    async with http.post(server.url + path, json=body | {"stream": True}) as response:
        assert response.status == 200
        stream = await response.read()
    error = last_error(stream)
    assert error["message"]
    assert error["type"] in {"server_error", "api_error", "overloaded_error", "rate_limit_error"}


@FOUR_WAYS
@pytest.mark.parametrize("fault", ["cut", "eof"])
async def test_a_whole_answer_that_breaks_is_an_error(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any], fault: Any
) -> None:
    sandbox.script.fault(fault)
    async with http.post(server.url + path, json=body) as response:
        assert response.status == 502
        assert "error" in await response.json()


@pytest.mark.parametrize("fault", ["cut", "eof", "error_event", "stall_mid"])
async def test_a_stream_put_together_that_breaks_is_an_error(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, fault: Any
) -> None:
    server = await serve(idle_timeout_s=1)
    for path, body in (PASSED_MESSAGES, TO_MESSAGES):
        sandbox.script.fault(fault, after=4)
        async with http.post(server.url + path, json=body | {"max_tokens": 64000}) as response:
            assert response.status >= 500
            assert "message" in (await response.json())["error"]


@FOUR_WAYS
async def test_silence_in_the_middle_ends_in_time(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    server = await serve(idle_timeout_s=1, heartbeat_s=0.2)
    sandbox.script.fault("stall_mid", after=5)
    async with http.post(server.url + path, json=body | {"stream": True}) as response:
        stream = await response.read()
    assert "fell silent" in last_error(stream)["message"]
    assert stream.count(b": keep-alive\n\n" if path == CHAT_PATH else b"event: ping\n") >= 2


@FOUR_WAYS
async def test_an_error_after_the_headers_went_out_is_told_in_the_stream(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    server = await serve(heartbeat_s=0.05)
    sandbox.script.fault("delay", seconds=0.8)
    sandbox.script.raw(b'{"error":{"message":"no such luck"}}', status=400, content_type="application/json")
    async with http.post(server.url + path, json=body | {"stream": True}) as response:
        assert response.status == 200
        stream = await response.read()
    assert last_error(stream)["message"] == "no such luck"
    assert stream.count(b": keep-alive\n\n" if path == CHAT_PATH else b"event: ping\n") >= 3


async def test_silence_after_the_headers_went_out_is_told_in_the_stream(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(heartbeat_s=0.05, idle_timeout_s=1)
    sandbox.script.fault("stall")
    async with http.post(server.url + MESSAGES_PATH, json=CLAUDE | {"stream": True}) as response:
        assert response.status == 200
        stream = await response.read()
    assert last_error(stream)["type"] == "timeout_error"


@FOUR_WAYS
@pytest.mark.parametrize("fault", ["stall_mid", "cut"])
async def test_a_stream_that_forgets_to_end_is_ended(
    service: Service,
    http: aiohttp.ClientSession,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    body: dict[str, Any],
    fault: Any,
) -> None:
    """The answer's end was seen, and then neither usage, nor an end mark, nor a proper end of the connection follows."""
    monkeypatch.setattr(relay, "TAIL_S", 0.1)
    speaks_chat = body["model"] == "gpt-4.1"
    sandbox.script.raw(*(FINISHED_CHAT if speaks_chat else FINISHED_MESSAGES))
    sandbox.script.fault(fault, after=99)
    async with http.post(service.url + path, json=body | {"stream": True}) as response:
        stream = await response.read()
    assert streamed_text(path, stream) == "All."
    assert stream.endswith(b"data: [DONE]\n\n" if path == CHAT_PATH else b'data: {"type":"message_stop"}\n\n')


async def test_a_stream_put_together_that_forgets_to_end_is_ended(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "TAIL_S", 0.1)
    sandbox.script.raw(*FINISHED_MESSAGES)
    sandbox.script.fault("stall_mid", after=99)
    async with http.post(service.url + MESSAGES_PATH, json=CLAUDE | {"max_tokens": 32000}) as response:
        assert text_of(MESSAGES_PATH, await response.json()) == "All."


async def test_a_client_that_leaves_ends_the_work_upstream(
    service: Service, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "copilot_api")
    sandbox.script.fault("stall_mid", after=4, times=2)
    for path, body in (PASSED_MESSAGES, TO_CHAT):
        async with Wire(service.url) as wire:
            await wire.post(path, json.dumps(body | {"stream": True}).encode())
            await wire.until(b"content_block_delta")
        await eventually(lambda: upstream(sandbox)[-1].outcome == "client left")
    await eventually(lambda: service.status.active == 0)
    assert caplog.text.count(", 499, ") == 2
    assert "Traceback" not in caplog.text
    assert "fault of our own" not in caplog.text


@FOUR_WAYS
async def test_a_client_that_leaves_before_the_answer_ends_the_work_upstream(
    service: Service, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    sandbox.script.fault("stall", times=2)
    for stream in (True, False):
        async with Wire(service.url) as wire:
            await wire.post(path, json.dumps(body | {"stream": stream}).encode())
            await eventually(lambda stream=stream: len(upstream(sandbox)) == (1 if stream else 2))  # type: ignore[misc] # no type
        await eventually(lambda: upstream(sandbox)[-1].outcome == "client left")
    await eventually(lambda: service.status.active == 0)


@pytest.mark.parametrize("forgets", [False, True])
async def test_a_client_that_hangs_up_on_the_last_event_was_answered(
    service: Service, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, forgets: bool
) -> None:
    """Codex does, without waiting for the end of the stream, which Copilot forgets at times."""
    caplog.set_level("INFO", "copilot_api")
    if forgets:
        sandbox.script.fault("stall_mid", after=99)
    async with Wire(service.url) as wire:
        await wire.post("/v1/responses", json.dumps({"model": "gpt-5-mini", "input": "Hei", "stream": True}).encode())
        await wire.until(b"event: response.completed")
        wire.writer.transport.abort()
        await eventually(lambda: "responses gpt-5-mini -> /responses" in caplog.text)
    assert "), 200, " in caplog.text
    await eventually(lambda: service.status.active == 0)
    assert "Error handling request" not in caplog.text


async def test_a_client_that_leaves_while_it_is_written_to_is_no_fault(
    service: Service, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "copilot_api")
    frame = FINISHED_CHAT[0].replace(b"All.", b"x" * 65536)
    sandbox.script.raw(*([frame] * 400))
    async with Wire(service.url) as wire:
        await wire.post(CHAT_PATH, json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        wire.writer.transport.abort()
        await eventually(lambda: "), 499, " in caplog.text)
    await eventually(lambda: service.status.active == 0)
    assert "Error handling request" not in caplog.text
    assert "fault of our own" not in caplog.text


async def test_a_slow_client_slows_copilot_down_instead_of_filling_memory(server: Serving, sandbox: Sandbox) -> None:
    frame = FINISHED_CHAT[0].replace(b"All.", b"x" * 65536)
    sandbox.script.raw(*([frame] * 400), b"data: [DONE]\n\n")
    async with Wire(server.url) as wire:
        await wire.post(CHAT_PATH, json.dumps(CHAT | {"stream": True}).encode(), "Connection: close")
        await wire.until(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        assert upstream(sandbox)[-1].outcome == "", "26 MB do not fit into the buffers between us"
        received = await wire.rest()
    assert len(received) > 400 * 65536
    await eventually(lambda: upstream(sandbox)[-1].outcome == "answered")


async def test_an_answer_of_the_wrong_kind_is_upstreams_failure(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.script.fault("status", status=200, body={"choices": []}, times=2)
    async with http.post(server.url + CHAT_PATH, json=CHAT | {"stream": True}) as response:
        assert response.status == 502
    sandbox.script.clear()
    sandbox.script.fault("status", status=200, body=b"<html>")
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 502


async def test_the_rate_limit_answers_in_the_clients_dialect(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(rate_limit=30)
    async with http.post(server.url + CHAT_PATH, json={"model": "gpt-4.1"}) as response:
        assert response.status == 400, "what cannot be served takes no turn"
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 200
    for path, body in (PASSED_CHAT, PASSED_MESSAGES):
        async with http.post(server.url + path, json=body) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "30")
            error = (await response.json())["error"]
            assert (error["type"], error["message"][:19]) == ("rate_limit_error", "Rate limit exceeded")
    async with http.post(server.url + "/v1/embeddings", json={"model": "text-embedding-3-small", "input": "x"}) as response:
        assert response.status == 200, "embeddings were never limited"


async def test_the_person_sees_what_asks_and_decides(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    asked: list[Summary] = []

    class Person:
        async def approve(self, summary: Summary) -> bool:
            asked.append(summary)
            return summary.dialect == "chat"

    service = await make_service(approver=Person(), manual=True)
    async with http.post(service.url + CHAT_PATH, json=CHAT, headers={"User-Agent": "curl/8"}) as response:
        assert response.status == 200
    async with http.post(service.url + MESSAGES_PATH, json=CLAUDE) as response:
        assert (response.status, (await response.json())["error"]["type"]) == (403, "permission_error")
    size = len(json.dumps(CHAT))
    assert asked[0] == Summary(dialect="chat", model="gpt-4.1", client="curl/8", size_bytes=size, initiator="user")


async def test_one_line_in_the_log_tells_of_each_request(
    service: Service, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "copilot_api.server.errand")
    for path, body in (PASSED_CHAT, TO_CHAT):
        async with http.post(service.url + path, json=body) as response:
            assert response.status == 200
    passed, translated = [record.getMessage() for record in caplog.records]
    assert passed.startswith("chat gpt-4.1 -> /chat/completions pass-through, initiator user (")
    assert translated.startswith("messages gpt-4.1 -> /chat/completions translated, initiator user (")
    assert ", 200, " in passed
    assert " tokens in (0 cached), " in passed
    assert "Oslo" not in caplog.text


async def test_a_large_body_is_read_beside_the_loop(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """compat.md §2.6: the original counted the tokens of every prompt on its event loop. Counting would read the rank files
    there, which the watch on the loop takes for an error."""
    body = CLAUDE | {"model": "claude-opus-5", "messages": [{"role": "user", "content": "word " * 80_000}]}
    async with http.post(server.url + MESSAGES_PATH, json=body) as response:
        assert response.status == 200
    assert upstream(sandbox)[-1].json["messages"] == body["messages"]


async def test_two_hundred_streams_at_once(service: Service, sandbox: Sandbox) -> None:
    sandbox.script.answer("one two three four five", times=200)
    ways = [PASSED_CHAT, PASSED_MESSAGES, TO_CHAT, TO_MESSAGES] * 50
    started = time.monotonic()

    async def one(http: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> str:
        async with http.post(service.url + path, json=body | {"stream": True}) as response:
            return streamed_text(path, await response.read())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        texts = await asyncio.gather(*(one(http, path, body) for path, body in ways))
    assert set(texts) == {"one two three four five"}
    assert time.monotonic() - started < 30
    await eventually(lambda: service.status.active == 0)


async def test_a_fault_of_our_own_is_told_and_harms_nobody_else(
    make_service: MakeService, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    class Careless:
        async def approve(self, summary: Summary) -> bool:
            raise KeyError(summary.client)

    service = await make_service(approver=Careless(), manual=True)
    async with http.post(service.url + CHAT_PATH, json=CHAT, headers={"User-Agent": "canary"}) as response:
        assert response.status == 500
        error = (await response.json())["error"]
        assert response.headers["x-request-id"] in error["message"]
    assert "canary" not in error["message"] + caplog.text
    assert "KeyError" in caplog.text
    async with http.get(service.url + "/health") as response:
        assert response.status == 200


async def test_nobody_is_asked_about_a_request_that_could_not_be_sent(
    make_service: MakeService, http: aiohttp.ClientSession
) -> None:
    """Neither a person nor the rate limit."""
    asked: list[Summary] = []

    class Person:
        async def approve(self, summary: Summary) -> bool:
            asked.append(summary)
            return True

    service = await make_service(approver=Person(), manual=True)
    [_, breaker] = service.breakers
    attempts = [breaker.admit() for _ in range(TRIES)]
    for attempt in attempts:
        attempt.began._monotonic -= LASTING_S
        attempt.missed(UpstreamUnreachable("Copilot could not be reached"))
    async with http.post(service.url + CHAT_PATH, json=CHAT) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert "tried again in 1 s" in (await response.json())["error"]["message"]
    assert asked == []
    service.network_changed()
    async with http.post(service.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 200
    assert len(asked) == 1


@pytest.mark.parametrize(("path", "body"), [PASSED_CHAT, PASSED_MESSAGES])
async def test_a_stream_for_who_waits_for_the_whole_is_no_answer(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    sandbox.script.raw(*(FINISHED_CHAT if path == CHAT_PATH else FINISHED_MESSAGES))
    async with http.post(server.url + path, json=body) as response:
        assert response.status == 502
        assert "that was to come whole" in (await response.json())["error"]["message"]


@FOUR_WAYS
@pytest.mark.parametrize("fault", ["reset", "headers", "status"])
async def test_what_may_be_sent_again_is_and_is_told(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any], fault: Any
) -> None:
    for stream in (False, True):
        sandbox.script.fault(fault, status=502)
        async with http.post(server.url + path, json=body | {"stream": stream}) as response:
            assert response.status == 200
            mended = response.headers["x-copilot-api-repairs"].split(",")
            assert {"connection-replayed", "failure-replayed"} & {*mended}
            await response.read()


async def test_each_failure_is_one_line_in_the_log(
    make_service: MakeService, http: aiohttp.ClientSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "copilot_api.server")
    service = await make_service(heartbeat_s=0.05)
    secret = [{"role": "user", "content": "canary-prompt"}]
    sandbox.script.fault("quota", message="canary-prompt is too dear")
    async with http.post(service.url + CHAT_PATH, json=CHAT | {"messages": secret}) as response:
        await response.read()
    sandbox.script.fault("delay", seconds=0.2)
    sandbox.script.raw(encode(dumps({"error": "canary-prompt is too odd"})))
    async with http.post(service.url + CHAT_PATH, json=CHAT | {"messages": secret, "stream": True}) as response:
        assert b"canary-prompt is too odd" in await response.read()
    async with http.post(service.url + CHAT_PATH, json=CHAT | {"model": "nobody"}) as response:
        await response.read()
    told = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in told[:2]] == ["quota_exceeded", "server"]
    assert "answered 404: The model 'nobody' does not exist" in told[2]
    assert len(told) == 3
    assert "canary" not in caplog.text
