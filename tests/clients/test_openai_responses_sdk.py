"""The official `openai` package on Responses, unmodified: passed through, and translated to both other endpoints."""

import base64
from typing import Any

import openai
import pytest

from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox

MODELS = ["gpt-5.3-codex", "gpt-5-mini", "claude-sonnet-4.6", "claude-opus-5", "gemini-3.8-flash", "gpt-4.1"]
PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
).decode()
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}
ASK: Any = [{"role": "user", "content": "What is the weather in Oslo?"}]


@pytest.mark.parametrize("model", MODELS)
async def test_a_plain_answer(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("Hei!", usage=Counted(prompt=20, output=3, cached=8))
    response = await openai_sdk.responses.create(model=model, input="What is the weather in Oslo?")
    assert (response.object, response.status, response.output_text) == ("response", "completed", "Hei!")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (20, 3)
    assert response.usage.input_tokens_details.cached_tokens == 8


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("one two three")
    async with openai_sdk.responses.stream(model=model, input=ASK) as stream:
        pieces = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        response = await stream.get_final_response()
    assert "".join(pieces) == response.output_text == "one two three"
    assert len(pieces) > 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", MODELS)
async def test_a_tool_round_trip(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str, stream: bool) -> None:
    sandbox.script.answer("I will look.", tools=[("get_weather", {"city": "Oslo"})])
    first = await _ask(openai_sdk, model, ASK, stream=stream)
    [call] = [item for item in first.output if item.type == "function_call"]
    assert (call.name, call.arguments) == ("get_weather", '{"city":"Oslo"}')
    history = [*ASK, *first.output, {"type": "function_call_output", "call_id": call.call_id, "output": "4 degrees, rain"}]
    second = await _ask(openai_sdk, model, history, stream=stream)
    assert "4 degrees, rain" in second.output_text
    assert sandbox.seen[-1].headers["x-initiator"] == "agent"


@pytest.mark.parametrize("model", MODELS)
async def test_parallel_tool_calls(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("", tools=[("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})])
    response = await _ask(openai_sdk, model, ASK, stream=True)
    calls = [item for item in response.output if item.type == "function_call"]
    assert [call.arguments for call in calls] == ['{"city":"Oslo"}', '{"city":"Bergen"}']
    assert len({call.call_id for call in calls}) == len({call.id for call in calls}) == 2


@pytest.mark.parametrize("model", MODELS)
async def test_an_image(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"},
    ]
    asked: Any = [{"role": "user", "content": content}]
    assert (await openai_sdk.responses.create(model=model, input=asked)).output_text
    assert sandbox.seen[-1].headers["copilot-vision-request"] == "true"
    assert PNG.encode() in sandbox.seen[-1].body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["gpt-5.3-codex", "gpt-5-mini", "claude-opus-5", "claude-sonnet-4.6"])
async def test_reasoning_survives_the_next_turn(
    openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str, stream: bool
) -> None:
    options: Any = {
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
    }
    sandbox.script.answer("Rain.", thinking="Norway in November.", tools=[("get_weather", {"city": "Oslo"})])
    first = await _ask(openai_sdk, model, ASK, stream=stream, **options)
    [thought] = [item for item in first.output if item.type == "reasoning"]
    assert thought.encrypted_content
    [call] = [item for item in first.output if item.type == "function_call"]
    history = [*ASK, *first.output, {"type": "function_call_output", "call_id": call.call_id, "output": "4 degrees"}]
    await _ask(openai_sdk, model, history, stream=stream, **options)
    sent = sandbox.seen[-1].json
    if "input" in sent:
        assert [item.get("type") for item in sent["input"]].count("reasoning") == 1
    else:
        assert sent["messages"][1]["content"][0]["thinking"] == "Norway in November."


async def test_an_unknown_model_and_a_response_that_nobody_stored(openai_sdk: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        await openai_sdk.responses.create(model="gpt-9", input="Hei")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as forgotten:
        await openai_sdk.responses.create(model="gpt-5-mini", input="Hei", previous_response_id="resp_1")
    assert forgotten.value.code == "previous_response_not_found"


@pytest.mark.parametrize("model", MODELS)
async def test_a_rate_limit_stays_one(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.fault("rate_limited", seconds=7, path="")
    sandbox.script.fault("rate_limited", seconds=7, path="/responses")
    with pytest.raises(openai.RateLimitError) as caught:
        await openai_sdk.responses.create(model=model, input="Hei")
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_that_breaks_ends_as_a_failed_response(
    openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.answer("one two three four five six")
    sandbox.script.fault("cut", after=5)
    stream = await openai_sdk.responses.create(model=model, input="Hei", stream=True)
    last = [event async for event in stream][-1]
    assert last.type == "response.failed"
    assert last.response.error is not None


async def _ask(client: openai.AsyncOpenAI, model: str, items: Any, *, stream: bool, **options: Any) -> Any:
    if not stream:
        return await client.responses.create(model=model, input=items, tools=[WEATHER], **options)
    async with client.responses.stream(model=model, input=items, tools=[WEATHER], **options) as open_stream:
        return await open_stream.get_final_response()
