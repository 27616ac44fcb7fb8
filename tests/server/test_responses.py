"""The Responses endpoints over HTTP, end to end: answers, references to items, compaction, counts, and what is not kept."""

import asyncio
from typing import Any

import aiohttp
import openai
import pytest
from openai.types.responses.input_token_count_response import InputTokenCountResponse

from copilot_api.dialects.codec import loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.sandbox import Sandbox
from copilot_api.server.responses import finished_in
from copilot_api.tokens import Counter
from tests.builders.models import model
from tests.builders.serving import Serve, Serving

PATH = "/v1/responses"
GPT: dict[str, Any] = {"model": "gpt-5-mini", "input": "How is Oslo?"}
# One model for each endpoint of Copilot's.
MODELS = pytest.mark.parametrize("name", ["gpt-5.3-codex", "claude-opus-5", "gpt-4.1"])


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


async def posted(server: Serving, http: aiohttp.ClientSession, path: str, body: Any, *, status: int = 200) -> Any:
    async with http.post(server.url + path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.json()


def upstream(sandbox: Sandbox) -> list[Any]:
    return [seen for seen in sandbox.seen if seen.path in {"/chat/completions", "/v1/messages", "/responses"}]


def text_of(answer: Any) -> str:
    parts = [part for item in answer["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


@MODELS
async def test_a_whole_answer(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str) -> None:
    sandbox.script.answer("Cold and bright.")
    answer = await posted(server, http, PATH, GPT | {"model": name})
    assert (answer["object"], answer["status"], answer["store"]) == ("response", "completed", False)
    assert text_of(answer) == "Cold and bright."


@MODELS
async def test_a_streamed_answer(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str) -> None:
    sandbox.script.answer("Cold and bright.")
    async with http.post(server.url + PATH, json=GPT | {"model": name, "stream": True}) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        stream = await response.read()
    events = [loads(frame.data) for frame in SseDecoder().feed(stream) if frame.data]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == "response.completed"
    assert text_of(events[-1]["response"]) == "Cold and bright."


@pytest.mark.parametrize("stream", [False, True])
async def test_what_was_lost_is_named(server: Serving, http: aiohttp.ClientSession, stream: bool) -> None:
    body = GPT | {"model": "gpt-4.1", "include": ["message.output_text.logprobs"], "safety_identifier": "s", "stream": stream}
    async with http.post(server.url + PATH, json=body) as response:
        assert response.status == 200
        assert response.headers["x-copilot-api-losses"]
        await response.read()


@pytest.mark.parametrize("field", ["previous_response_id", "conversation"])
async def test_a_conversation_on_the_server_is_refused_truthfully(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, field: str
) -> None:
    error = (await posted(server, http, PATH, GPT | {field: "resp_1"}, status=400))["error"]
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "previous_response_not_found", field)
    assert "send the whole conversation" in error["message"]
    assert not upstream(sandbox)


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": "2023-06-01"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/responses/resp_1"),
        ("DELETE", "/v1/responses/resp_1"),
        ("GET", "/responses/resp_1"),
        ("GET", "/v1/responses/resp_1/input_items?limit=5"),
        ("POST", "/v1/responses/resp_1/cancel"),
        ("GET", "/v1/responses/compact"),
    ],
)
async def test_nothing_is_kept_and_that_is_said(
    server: Serving, http: aiohttp.ClientSession, method: str, path: str, headers: dict[str, str]
) -> None:
    async with http.request(method, server.url + path, headers=headers) as response:
        assert response.status == 404
        error = (await response.json())["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "not_found")
    assert "stores answers" in error["message"]


# References to earlier items


@pytest.mark.parametrize("stream", [False, True])
@MODELS
async def test_items_that_were_given_out_can_be_referred_to(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str, stream: bool
) -> None:
    """clients.md §4.3: Vercel's AI SDK sends earlier messages and calls as references."""
    sandbox.script.answer("I look.", tools=[("get_weather", {"city": "Oslo"})])
    tools = [{"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}}]
    body = GPT | {"model": name, "tools": tools, "stream": stream}
    async with http.post(server.url + PATH, json=body) as response:
        answer = finished_in(await response.read())
    assert answer is not None
    call = next(item for item in answer["output"] if item["type"] == "function_call")
    references = [{"type": "item_reference", "id": item["id"]} for item in answer["output"]]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "-3 °C"}
    again = [{"role": "user", "content": "How is Oslo?"}, *references, result]
    sandbox.script.answer("Cold.")
    answer = await posted(server, http, PATH, body | {"input": again, "stream": False})
    assert text_of(answer) == "Cold."
    sent = upstream(sandbox)[-1].body
    assert b"item_reference" not in sent
    assert b"I look." in sent
    assert b"Oslo" in sent


async def test_a_reference_to_nothing_is_refused_before_anybody_is_asked(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    body = GPT | {"input": [{"role": "user", "content": "q"}, {"type": "item_reference", "id": "rs_gone"}]}
    for path in (PATH, "/v1/responses/input_tokens", "/v1/responses/compact"):
        error = (await posted(server, http, path, body, status=400))["error"]
        assert (error["code"], error["param"]) == ("item_not_found", "input[1].id")
    assert not upstream(sandbox)


async def test_items_are_not_kept_of_clients_that_do_not_refer_to_them(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    answer = await posted(server, http, PATH, GPT | {"store": False})
    references = [{"type": "item_reference", "id": item["id"]} for item in answer["output"]]
    await posted(server, http, PATH, GPT | {"input": references}, status=400)


async def test_keeping_items_can_be_switched_off(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(item_store_mib=0)
    answer = await posted(server, http, PATH, GPT)
    references = [{"type": "item_reference", "id": item["id"]} for item in answer["output"]]
    await posted(server, http, PATH, GPT | {"input": references}, status=400)


@pytest.mark.parametrize(
    ("sent", "id_"),
    [
        (b'{"id":"resp_1","status":"completed"}', "resp_1"),
        (b'event: response.completed\ndata: {"response":{"id":"resp_2"}}\n\n', "resp_2"),
        (b': keep-alive\n\nevent: response.incomplete\ndata: {"response":{"id":"resp_3"}}\n\n', "resp_3"),
        (b'event: response.output_text.delta\ndata: {"delta":"response.completed"}\n\n', None),
        (b"event: response.created\ndata: {}\n\n", None),
        (b"", None),
    ],
)
def test_the_end_of_an_answer_is_found_in_what_was_sent(sent: bytes, id_: str | None) -> None:
    found = finished_in(sent)
    assert (found["id"] if found else None) == id_


# Compaction


async def test_a_conversation_is_compacted(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    said = [
        {"role": "user", "content": "How is Oslo?"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Cold."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And Bergen?"}]},
    ]
    compacted = await posted(server, http, "/v1/responses/compact", {"model": "gpt-5-mini", "input": said})
    assert compacted["object"] == "response.compaction"
    assert compacted["id"].startswith("resp_")
    first, second, summary = compacted["output"]
    texts = [item["content"][0]["text"] for item in (first, second)]
    assert (texts, summary["type"]) == (["How is Oslo?", "And Bergen?"], "compaction")
    assert compacted["usage"]["input_tokens"] > 0
    assert upstream(sandbox)[-1].json["input"][-1] == {"type": "compaction_trigger"}
    assert upstream(sandbox)[-1].headers["X-Initiator"] == "agent"
    # What came out goes in again.
    sandbox.script.answer("Wet.")
    body = {"model": "gpt-5-mini", "input": [*compacted["output"], {"role": "user", "content": "And now?"}]}
    assert text_of(await posted(server, http, PATH, body)) == "Wet."


@pytest.mark.parametrize(
    "given", ["How is Oslo?", [{"role": "user", "content": "How is Oslo?"}, {"type": "compaction_trigger"}]]
)
async def test_compaction_is_asked_for_once(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, given: Any) -> None:
    compacted = await posted(server, http, "/responses/compact", {"model": "gpt-5-mini", "input": given, "stream": False})
    assert [item["type"] for item in compacted["output"]] == ["message", "compaction"]
    assert [item.get("type") for item in upstream(sandbox)[-1].json["input"]].count("compaction_trigger") == 1


@pytest.mark.parametrize("name", ["claude-opus-5", "gpt-4.1"])
async def test_models_that_cannot_compact_are_named(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str
) -> None:
    error = (await posted(server, http, "/v1/responses/compact", GPT | {"model": name}, status=400))["error"]
    assert (error["code"], error["param"]) == ("unsupported_api_for_model", "model")
    assert name in error["message"]
    assert not upstream(sandbox)


@pytest.mark.parametrize("given", [None, "", [], 5])
async def test_there_must_be_something_to_compact(server: Serving, http: aiohttp.ClientSession, given: Any) -> None:
    error = (await posted(server, http, "/v1/responses/compact", GPT | {"input": given}, status=400))["error"]
    assert error["param"] == "input"


async def test_an_answer_without_a_summary_is_upstreams_failure(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.script.answer("I would rather talk.")
    error = (await posted(server, http, "/v1/responses/compact", GPT, status=502))["error"]
    assert "compacted nothing" in error["message"]


@pytest.mark.parametrize(("fault", "status"), [("rate_limited", 429), ("cut", 502), ("error_event", 502)])
async def test_compaction_that_fails_has_a_real_status(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, fault: Any, status: int
) -> None:
    sandbox.script.fault(fault)
    await posted(server, http, "/v1/responses/compact", GPT, status=status)


async def test_compaction_takes_a_turn_of_the_rate_limit(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(rate_limit=30)
    await posted(server, http, "/v1/responses/compact", GPT | {"model": "gpt-4.1"}, status=400)
    await posted(server, http, "/v1/responses/compact", GPT)
    await posted(server, http, "/v1/responses/compact", GPT, status=429)


# Counts


async def test_a_request_is_counted(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    body = GPT | {"instructions": "Be brief.", "tools": [{"type": "function", "name": "f", "parameters": {}}]}
    async with http.post(server.url + "/v1/responses/input_tokens", json=body) as response:
        assert (response.status, response.headers["x-copilot-api-token-method"]) == (200, "estimate")
        counted = await response.json()
    expected = await asyncio.to_thread(Counter().count_responses, body, model("gpt-5-mini"))
    assert counted == {"object": "response.input_tokens", "input_tokens": expected}
    InputTokenCountResponse.model_validate(counted, strict=True)
    assert not upstream(sandbox)


async def test_instructions_alone_have_a_size(server: Serving, http: aiohttp.ClientSession) -> None:
    counted = await posted(server, http, "/responses/input_tokens", {"model": "gpt-5-mini", "instructions": "Be brief."})
    assert counted["input_tokens"] > 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"input": "q"}, 400),
        ({"model": "gpt-99", "input": "q"}, 404),
        ({"model": "text-embedding-3-small", "input": "q"}, 400),
        ({"model": "gpt-5-mini", "input": {"role": "user"}}, 400),
        ({"model": "gpt-5-mini", "previous_response_id": "resp_1"}, 400),
    ],
)
async def test_what_cannot_be_counted_is_an_error(
    server: Serving, http: aiohttp.ClientSession, body: dict[str, Any], status: int
) -> None:
    assert "error" in await posted(server, http, "/v1/responses/input_tokens", body, status=status)


# The official package


async def test_the_official_package_reads_all_of_it(server: Serving, sandbox: Sandbox) -> None:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="dummy", max_retries=0) as client:
        sandbox.script.answer("Cold and bright.")
        assert (await client.responses.create(**GPT)).output_text == "Cold and bright."
        counted = await client.responses.input_tokens.count(**GPT)
        compacted = await client.responses.compact(model="gpt-5-mini", input="How is Oslo?")
        assert (counted.input_tokens > 3, compacted.output[-1].type) == (True, "compaction")
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve("resp_1")
        with pytest.raises(openai.NotFoundError):
            await client.responses.delete("resp_1")
        with pytest.raises(openai.BadRequestError, match="previous_response_id"):
            await client.responses.create(**GPT, previous_response_id="resp_1")


@MODELS
async def test_the_official_package_bears_silence(serve: Serve, sandbox: Sandbox, name: str) -> None:
    server = await serve(heartbeat_s=0.05)
    sandbox.script.fault("delay", seconds=1)
    sandbox.script.answer("Cold and bright.")
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="dummy", max_retries=0) as client:
        async with client.responses.stream(model=name, input="How is Oslo?") as stream:
            kinds: list[str] = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert final.output_text == "Cold and bright."
    assert kinds[0] == "response.created"
    assert kinds[1] in {"keepalive", "response.in_progress"}
    assert (kinds.count("response.created"), kinds.count("keepalive") >= 2) == (1, True)


@MODELS
async def test_silence_in_the_middle_is_filled_with_events(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, name: str
) -> None:
    """Codex's own clock is set back by events, not by comments."""
    server = await serve(idle_timeout_s=1, heartbeat_s=0.2)
    sandbox.script.answer("one two three four five six seven eight nine ten")
    sandbox.script.fault("stall_mid", after=6)
    async with http.post(server.url + PATH, json=GPT | {"model": name, "stream": True}) as response:
        stream = await response.read()
    events = [loads(frame.data) for frame in SseDecoder().feed(stream) if frame.data]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"] for event in events]
    assert kinds.count("keepalive") >= 2
    assert (kinds[0], kinds[-1]) == ("response.created", "response.failed")
    assert "fell silent" in events[-1]["response"]["error"]["message"]
