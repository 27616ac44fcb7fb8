"""Each fault, as a client meets it."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.waiting import eventually

if TYPE_CHECKING:
    from copilot_api.sandbox.script import FaultKind
    from tests.sandbox.conftest import Client, Got

LOST = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)


async def chat(client: "Client", **fields: Any) -> "Got":
    return await client.chat(stream=True, **fields)


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("unauthorized", 401, "unauthorized: token expired\n"),
        ("forbidden", 403, "access to this endpoint is forbidden\n"),
        ("overloaded", 503, "upstream provider is rate limited\n"),
    ],
)
async def test_a_refusal_in_plain_text(client: "Client", sandbox: Sandbox, kind: "FaultKind", status: int, text: str) -> None:
    sandbox.script.fault(kind)
    got = await client.chat()
    assert (got.status, got.text) == (status, text)
    assert (await client.chat()).status == 200, "once is once"


async def test_a_rate_limit_says_when_to_come_back(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("rate_limited", seconds=86400, code="user_weekly_rate_limited", message="Weekly limit.")
    got = await client.chat()
    assert (got.status, got.headers["retry-after"], got.headers["x-ratelimit-exceeded"]) == (
        429,
        "86400",
        "user-model-requests",
    )
    assert got.json["error"] == {"message": "Weekly limit.", "code": "user_weekly_rate_limited"}


async def test_out_of_credits(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("quota")
    got = await client.chat()
    assert (got.status, got.json) == (402, {"error": {"message": "You have no quota", "code": "quota_exceeded"}})


async def test_a_gateway_answers_with_a_web_page(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("html")
    got = await client.chat()
    assert (got.status, got.headers["content-type"]) == (502, "text/html")
    assert got.text.startswith("<html>")


async def test_any_status_with_any_body(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("status", status=424, body="failed dependency", headers={"x-test": "1"}, path="/models")
    got = await client.get("/models")
    assert (got.status, got.text, got.headers["x-test"]) == (424, "failed dependency", "1")


async def test_a_reset_before_the_status_line(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("reset")
    with pytest.raises(LOST):
        await client.chat()
    assert sandbox.seen[-1].outcome == "reset"


async def test_silence_before_the_status_line(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("stall")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.chat(), 0.1)
    await eventually(lambda: sandbox.seen[-1].outcome == "client left")


async def test_silence_ends_when_the_sandbox_stops(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("stall")
    waiting = asyncio.gather(client.chat(), return_exceptions=True)
    await eventually(lambda: len(sandbox.seen) == 2)
    started = time.monotonic()
    await sandbox.stop()
    assert isinstance((await waiting)[0], LOST)
    assert time.monotonic() - started < 1


async def test_a_delay_before_the_answer(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("delay", seconds=0.05)
    started = time.monotonic()
    assert (await client.chat()).status == 200
    assert time.monotonic() - started >= 0.05
    assert sandbox.seen[-1].outcome == "delay"


async def partly(client: "Client", path: str, body: Any) -> bytes:
    """What arrived before the connection was lost."""
    got = b""
    headers = await client.headers()
    async with client.http.post(client.sandbox.copilot_url + path, json=body, headers=headers) as response:
        with pytest.raises(LOST):
            async for chunk in response.content.iter_any():
                got += chunk
    return got


CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}


async def test_a_stream_is_cut_after_some_events(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("cut", after=3)
    got = await partly(client, "/chat/completions", CHAT | {"stream": True})
    assert got.count(b"data: ") == 3
    assert got.endswith(b"\n\n")


async def test_a_stream_falls_silent_after_some_events(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("stall_mid", after=2)
    headers = await client.headers()
    url = sandbox.copilot_url + "/chat/completions"
    got = b""
    async with client.http.post(url, json=CHAT | {"stream": True}, headers=headers) as response:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                async for chunk in response.content.iter_any():
                    got += chunk
    assert got.count(b"data: ") == 2
    await eventually(lambda: sandbox.seen[-1].outcome == "client left")


async def test_silence_within_a_stream_ends_when_the_sandbox_stops(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("stall_mid")
    waiting = asyncio.gather(chat(client), return_exceptions=True)
    await eventually(lambda: len(sandbox.seen) == 2)
    await asyncio.sleep(0.05)
    await sandbox.stop()
    assert isinstance((await waiting)[0], LOST)


async def test_an_error_within_a_stream_of_chat(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("error_event", after=2, message="Model crashed", code="server_error")
    got = await chat(client)
    assert len(got.frames) == 3
    assert got.events[-1] == {"error": {"message": "Model crashed", "code": "server_error", "type": "server_error"}}


async def test_an_error_within_a_stream_of_messages(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("error_event", after=1)
    got = await client.messages(stream=True)
    assert [name for name, _ in got.frames] == ["message_start", "error"]
    assert got.events[-1] == {"type": "error", "error": {"type": "overloaded_error", "message": "Upstream model failed"}}


async def test_a_clean_end_without_a_finish(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("eof", times=2)
    got = await chat(client, stream_options={"include_usage": True})
    assert all(c["finish_reason"] is None for e in got.events for c in e["choices"])
    assert b"[DONE]" not in got.body
    assert [e["type"] for e in (await client.messages(stream=True)).events][-1] == "content_block_stop"


async def test_a_broken_event_in_the_middle(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("bad_json", after=3)
    got = await chat(client)
    with pytest.raises(ValueError, match="unexpected end"):
        _ = got.events
    broken = got.frames[3][1]
    assert broken.startswith(b'{"id"')
    assert got.frames[-1] == ("", b"[DONE]"), "the rest goes on as if nothing were"


async def test_a_broken_event_keeps_its_name(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("bad_json", after=1)
    got = await client.messages(stream=True)
    assert got.frames[1][0] == "content_block_start"


async def test_no_done_at_the_end(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("no_done")
    got = await chat(client)
    assert b"[DONE]" not in got.body
    assert got.events[-1]["choices"][0]["finish_reason"] == "stop"


async def test_no_event_lines(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("no_event_lines")
    got = await client.messages(stream=True)
    assert {name for name, _ in got.frames} == {""}
    assert got.events[0]["type"] == "message_start"


@pytest.mark.parametrize("kind", ["eof", "bad_json"])
async def test_half_an_answer_that_was_not_streamed(client: "Client", sandbox: Sandbox, kind: "FaultKind") -> None:
    sandbox.script.fault(kind)
    got = await client.chat()
    assert got.status == 200
    with pytest.raises(ValueError, match="unexpected end"):
        _ = got.json


async def test_an_answer_that_was_not_streamed_is_cut(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("cut")
    assert (await partly(client, "/chat/completions", CHAT)).startswith(b'{"id":"chatcmpl')


async def test_an_answer_that_was_not_streamed_falls_silent(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("stall_mid")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.chat(), 0.1)


async def test_an_error_instead_of_an_answer_that_was_not_streamed(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("error_event", status=500)
    got = await client.chat()
    assert (got.status, got.message) == (500, "Upstream model failed")


@pytest.mark.parametrize("kind", ["no_done", "no_event_lines"])
async def test_faults_of_streams_leave_other_answers_alone(client: "Client", sandbox: Sandbox, kind: "FaultKind") -> None:
    sandbox.script.fault(kind)
    assert (await client.chat()).json["choices"]


async def test_a_refused_request_is_refused_before_a_fault_within(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("cut")
    assert (await client.chat(model="nobody", stream=True)).status == 400


async def test_exact_bytes_in_chunks(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.raw(b"data: {", b'"x":', b"1}\n\n", status=202, headers={"x-test": "1"})
    got = await chat(client)
    assert (got.status, got.headers["x-test"], got.body) == (202, "1", b'data: {"x":1}\n\n')
    assert got.headers["content-type"] == "text/event-stream"


async def test_a_fault_within_exact_bytes(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.raw(b"data: 1\n\n", b"data: 2\n\n")
    sandbox.script.fault("cut", after=1)
    assert await partly(client, "/chat/completions", CHAT | {"stream": True}) == b"data: 1\n\n"


async def test_a_stream_takes_its_time(http: aiohttp.ClientSession) -> None:
    async with Sandbox(pace_s=0.01) as sandbox:
        sandbox.script.raw(*[b"data: 1\n\n"] * 6)
        from_token = {"Authorization": f"token {sandbox.grant}", "User-Agent": "test"}
        url = sandbox.github_api_url + "/copilot_internal/v2/token"
        async with http.get(url, headers=from_token) as response:
            token = (await response.json())["token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "Editor-Version": "vscode/1.121.0",
            "Editor-Plugin-Version": "copilot-chat/0.48.1",
            "Copilot-Integration-Id": "vscode-chat",
        }
        started = time.monotonic()
        async with http.post(sandbox.copilot_url + "/chat/completions", json=CHAT, headers=headers) as response:
            assert (await response.read()).count(b"data") == 6
        assert time.monotonic() - started >= 0.05


async def test_a_client_that_leaves_is_noticed(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.raw(b"data: 1\n\n", b"data: 2\n\n")
    sandbox.script.fault("stall_mid", after=1)
    headers = await client.headers()
    response = await client.http.post(sandbox.copilot_url + "/chat/completions", json=CHAT, headers=headers)
    assert await response.content.readany() == b"data: 1\n\n"
    response.close()
    await eventually(lambda: sandbox.seen[-1].outcome == "client left")


async def test_a_reset_after_the_headers(client: "Client", sandbox: Sandbox) -> None:
    for stream in (False, True):
        sandbox.script.fault("headers")
        assert await partly(client, "/chat/completions", CHAT | {"stream": stream}) == b""


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_that_only_drips(client: "Client", sandbox: Sandbox, stream: bool) -> None:
    sandbox.script.fault("drip", seconds=0.2)
    started = time.monotonic()
    got = await client.chat(stream=stream)
    assert time.monotonic() - started >= 0.15
    assert (got.events[-1] if stream else got.json)["choices"]


@pytest.mark.parametrize("stream", [False, True])
async def test_each_byte_may_come_by_itself(client: "Client", sandbox: Sandbox, stream: bool) -> None:
    sandbox.script.fault("split")
    assert sum(b"Hello" in piece for piece in await pieces(client, CHAT | {"stream": stream})) == 0


async def pieces(client: "Client", body: Any) -> list[bytes]:
    """The chunks as they were sent."""
    headers = await client.headers()
    async with client.http.post(client.sandbox.copilot_url + "/chat/completions", json=body, headers=headers) as response:
        return [piece async for piece, _ in response.content.iter_chunks()]


async def test_lines_may_end_as_on_windows(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("crlf", times=2)
    body = (await chat(client)).body
    assert body.endswith(b"data: [DONE]\r\n\r\n")
    assert body.count(b"\n") == body.count(b"\r\n")
    assert (await client.chat()).json["choices"]


async def test_bytes_that_are_no_utf8(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("bad_utf8", times=2)
    frames = (await chat(client)).frames
    assert [b"\xff\xfe" in data for _, data in frames[:4]] == [False, False, True, False]
    assert b"\xff\xfe" in (await client.chat()).body


async def test_headers_that_speak_of_gzip_in_vain(client: "Client", sandbox: Sandbox) -> None:
    for stream in (False, True):
        sandbox.script.fault("gzip_lies")
        with pytest.raises(aiohttp.ClientPayloadError):
            await client.chat(stream=stream)


async def test_a_content_type_that_is_not_the_answers(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("wrong_type", times=2)
    assert (await chat(client)).headers["content-type"] == "application/json"
    assert (await client.chat()).headers["content-type"] == "text/event-stream"
