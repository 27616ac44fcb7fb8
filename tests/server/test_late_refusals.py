"""Refusals inside an answer, over real sockets: mended while the client has none of it, and told as they came ever after."""

from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import dumps, loads
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serve, Serving
from tests.server.test_websocket import talking
from tests.server.test_websocket import text_of as text_in

PATH, MESSAGES_PATH = "/v1/responses", "/v1/messages"
USER = {"type": "message", "role": "user", "content": "How is Oslo?"}
THOUGHT = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABoqw=="}
ASK: dict[str, Any] = {"model": "gpt-5-mini", "input": [USER, THOUGHT, USER], "store": False}
CLAUDES = {"model": "gpt-5-mini", "max_tokens": 500, "messages": [{"role": "user", "content": "How is Oslo?"}]}
UNREADABLE = "Encrypted function output content could not be decrypted or decoded"
UNKNOWN = "Unknown parameter: 'prompt_cache_key'."
CREATED = encode(b'{"type":"response.created","sequence_number":0,"response":{}}', "response.created")


def asked(sandbox: Sandbox) -> list[Any]:
    return [seen for seen in sandbox.seen if seen.path in {"/chat/completions", "/v1/messages", "/responses"}]


def events_of(stream: bytes) -> list[Any]:
    return [loads(frame.data) for frame in SseDecoder().feed(stream) if frame.data]


def text_of(answer: Any) -> str:
    parts = [part for item in answer["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


@pytest.mark.parametrize("name", ["gpt-5-mini", "gpt-5.6-sol", "grok-4.7"])
@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning_that_copilot_cannot_read_is_forgotten_when_it_says_so(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str, stream: bool
) -> None:
    """copilot-upstream.md §4.2: a 400, or later `response.failed`."""
    sandbox.script.late_refusals = True
    sandbox.script.answer("Cold and bright.")
    async with http.post(server.url + PATH, json=ASK | {"model": name, "stream": stream}) as response:
        assert response.status == 200
        assert response.headers["x-copilot-api-repairs"].split(",").count("reasoning-forgotten") == 1
        body = await response.read()
    last = events_of(body)[-1]["response"] if stream else loads(body)
    assert (last["status"], text_of(last)) == ("completed", "Cold and bright.")
    if stream:
        kinds = [event["type"] for event in events_of(body)]
        assert kinds.count("response.created") == 1
        assert [event["sequence_number"] for event in events_of(body)] == list(range(len(kinds)))
    first, second = asked(sandbox)
    assert [item["type"] for item in first.json["input"]] == ["message", "reasoning", "message"]
    assert [item["type"] for item in second.json["input"]] == ["message", "message"]


@pytest.mark.parametrize(("always_user", "initiators"), [(False, ["user", "agent"]), (True, ["user", "user"])])
async def test_what_is_sent_again_after_an_answer_that_began_is_our_own_retry(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, always_user: bool, initiators: list[str]
) -> None:
    """premium-requests.md §3: nobody knows whether it was counted, and the official client says so."""
    sandbox.script.late_refusals = True
    server = await serve(always_user=always_user)
    async with http.post(server.url + PATH, json=ASK) as response:
        assert response.status == 200
    assert [seen.headers["X-Initiator"] for seen in asked(sandbox)] == initiators


async def test_over_a_websocket_too(server: Serving, sandbox: Sandbox) -> None:
    """users.md row 19, no replay after send: nothing of the failed answer was sent to the client."""
    sandbox.script.late_refusals = True
    sandbox.script.answer("Cold and bright.")
    async with talking(server) as talk:
        await talk.say(**ASK)
        events = await talk.events()
    assert text_in(events[-1]) == "Cold and bright."
    assert [event["type"] for event in events].count("response.created") == 1
    assert len(asked(sandbox)) == 2


async def test_a_compaction_is_mended_too(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.script.late_refusals = True
    async with http.post(server.url + PATH + "/compact", json=ASK) as response:
        assert response.status == 200
        assert [item["type"] for item in (await response.json())["output"]] == ["message", "message", "compaction"]
    assert len(asked(sandbox)) == 2


@pytest.mark.parametrize("fault", ["failed", "error_event"])
@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_translated_request_is_mended_too(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, fault: Any, after: int, stream: bool
) -> None:
    if fault == "error_event" and not stream:
        sandbox.script.raw(CREATED * bool(after), encode(dumps({"type": "error", "message": UNKNOWN}), "error"))
    else:
        sandbox.script.fault(fault, after=after, message=UNKNOWN)
    sandbox.script.answer("Cold and bright.", times=3)
    body = CLAUDES | {"stream": stream}
    async with http.post(server.url + MESSAGES_PATH, json=body) as response:
        assert response.status == 200
        assert "refused-field-dropped" in response.headers["x-copilot-api-repairs"].split(",")
        assert response.headers["x-copilot-api-losses"] == "prompt_cache_key"
        told = await response.read()
    assert b"bright" in told
    assert told.count(b"event: message_start") == stream
    async with http.post(server.url + MESSAGES_PATH, json=body) as response:
        assert response.status == 200
    assert ["prompt_cache_key" in seen.json for seen in asked(sandbox)] == [True, False, False], "what helped is remembered"


async def test_what_was_refused_in_vain_teaches_nothing(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """The answer to the second request began, and was a refusal all the same."""
    sandbox.script.fault("status", status=400, body={"error": {"message": UNKNOWN}})
    sandbox.script.fault("failed", message="no such luck")
    for _ in range(2):
        async with http.post(server.url + MESSAGES_PATH, json=CLAUDES | {"stream": True}) as response:
            last = events_of(await response.read())[-1]
    assert last["type"] == "message_stop"
    assert ["prompt_cache_key" in seen.json for seen in asked(sandbox)] == [True, False, True]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_that_stands_is_told_as_it_came(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, stream: bool
) -> None:
    """Codex reads what is wrong in the failed response; a status would tell it less."""
    sandbox.script.fault("failed", message="no such luck", code="invalid_request_error")
    async with http.post(server.url + PATH, json=ASK | {"input": [USER], "stream": stream}) as response:
        assert response.status == 200
        body = await response.read()
    if stream:
        kinds = [event["type"] for event in events_of(body)]
        assert kinds == ["response.created", "response.in_progress", "response.failed"]
    failed = events_of(body)[-1]["response"] if stream else loads(body)
    assert failed["error"] == {"code": "invalid_request_error", "message": "no such luck"}
    assert len(asked(sandbox)) == 1


async def test_after_a_byte_of_the_answer_nothing_is_sent_again(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.pace_s = 0.02  # all at once, it would fail before anything was sent
    sandbox.script.answer("one two three four five")
    sandbox.script.fault("failed", after=6, message=UNKNOWN)
    body = ASK | {"model": "grok-4.7", "input": [USER, USER], "prompt_cache_key": "k", "stream": True}
    async with http.post(server.url + PATH, json=body) as response:
        events = events_of(await response.read())
    assert events[-1]["type"] == "response.failed"
    assert len(asked(sandbox)) == 1


@pytest.mark.parametrize(("waits_s", "times"), [(0.0, 2), (0.5, 1)])
async def test_the_beginning_of_an_answer_goes_out_when_a_sign_of_life_is_due(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, waits_s: float, times: int
) -> None:
    """Silence is worse for a client than a failure that could have been mended."""
    server = await serve(heartbeat_s=0.1)
    sandbox.pace_s = waits_s
    sandbox.script.late_refusals = True
    async with http.post(server.url + PATH, json=ASK | {"stream": True}) as response:
        events = events_of(await response.read())
    assert events[-1]["type"] == ("response.completed" if times == 2 else "response.failed")
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert len(asked(sandbox)) == times


@pytest.mark.parametrize("path", [PATH, MESSAGES_PATH])
async def test_signs_of_life_before_the_answer_are_none_of_its_bytes(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, path: str
) -> None:
    server = await serve(heartbeat_s=0.05)
    sandbox.script.fault("delay", seconds=0.2)
    sandbox.script.fault("failed", message=UNKNOWN)
    sandbox.script.answer("Cold and bright.", times=2)
    body = ASK | {"input": [USER], "prompt_cache_key": "k"} if path == PATH else CLAUDES
    sandbox.script.late_refusals = True
    async with http.post(server.url + path, json=body | {"stream": True}) as response:
        told = await response.read()
    assert b"bright" in told
    assert max(told.count(b"event: response.created"), told.count(b"event: message_start")) == 1


@pytest.mark.parametrize("fault", ["cut", "eof"])
async def test_an_answer_that_is_lost_as_it_begins_is_told_as_far_as_it_came(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, fault: Any
) -> None:
    sandbox.script.raw(CREATED)
    if fault == "cut":
        sandbox.script.clear()
        sandbox.script.fault("cut", after=1)
    async with http.post(server.url + PATH, json=ASK | {"input": [USER], "stream": True}) as response:
        assert response.status == 200
        kinds = [event["type"] for event in events_of(await response.read())]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.failed")
