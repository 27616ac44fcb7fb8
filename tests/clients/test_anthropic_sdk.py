"""The official `anthropic` package, unmodified: on a model that passes through and on models that are translated."""

import base64
from typing import Any

import anthropic
import pytest
from anthropic.types import MessageParam, ToolParam

from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox

MODELS = ["claude-sonnet-4.6", "claude-opus-5", "gpt-4.1", "gpt-5-mini", "gemini-3.8-flash"]
PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
).decode()
WEATHER: ToolParam = {
    "name": "get_weather",
    "description": "The weather in a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
ASK: list[MessageParam] = [{"role": "user", "content": "What is the weather in Oslo?"}]
IMAGE: Any = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}


@pytest.mark.parametrize("model", MODELS)
async def test_a_plain_answer(anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("Hei!", usage=Counted(prompt=20, output=3, cached=8))
    message = await anthropic_sdk.messages.create(model=model, max_tokens=100, messages=ASK)
    assert (message.type, message.role, message.stop_reason) == ("message", "assistant", "end_turn")
    assert [block.to_dict() for block in message.content] == [{"type": "text", "text": "Hei!"}]
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (12, 8, 3)


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream(anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("one two three", usage=Counted(prompt=20, output=3, cached=8))
    async with anthropic_sdk.messages.stream(model=model, max_tokens=100, messages=ASK) as stream:
        pieces = [text async for text in stream.text_stream]
        message = await stream.get_final_message()
    assert "".join(pieces) == message.content[0].to_dict()["text"] == "one two three"
    assert len(pieces) > 1
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (12, 8, 3)
    assert message.stop_reason == "end_turn"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", MODELS)
async def test_a_tool_round_trip(anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str, stream: bool) -> None:
    sandbox.script.answer("I will look.", tools=[("get_weather", {"city": "Oslo"})])
    first = await _ask(anthropic_sdk, model, ASK, stream=stream)
    assert first.stop_reason == "tool_use"
    text, call = first.content
    assert (text.text, call.name, call.input) == ("I will look.", "get_weather", {"city": "Oslo"})

    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "4 degrees, rain"}
    history: Any = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = await _ask(anthropic_sdk, model, history, stream=stream)
    assert "4 degrees, rain" in second.content[0].text
    assert second.stop_reason == "end_turn"
    assert sandbox.seen[-1].headers["x-initiator"] == "agent"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", MODELS)
async def test_parallel_tool_calls(anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str, stream: bool) -> None:
    sandbox.script.answer("", tools=[("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})])
    first = await _ask(anthropic_sdk, model, ASK, stream=stream)
    assert [call.input for call in first.content] == [{"city": "Oslo"}, {"city": "Bergen"}]
    results: Any = [{"type": "tool_result", "tool_use_id": call.id, "content": "rain"} for call in reversed(first.content)]
    history: Any = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    assert (await _ask(anthropic_sdk, model, history, stream=stream)).stop_reason == "end_turn"


@pytest.mark.parametrize("model", MODELS)
async def test_an_image_and_an_image_in_a_tool_result(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str
) -> None:
    asked: Any = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, IMAGE]}]
    assert (await anthropic_sdk.messages.create(model=model, max_tokens=100, messages=asked)).content
    assert sandbox.seen[-1].headers["copilot-vision-request"] == "true"
    call: Any = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}}
    result: Any = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [IMAGE]}
    history: Any = [*ASK, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    await _ask(anthropic_sdk, model, history, stream=False)
    seen = sandbox.seen[-1]
    assert (seen.headers["copilot-vision-request"], seen.headers["x-initiator"]) == ("true", "agent")
    assert PNG.encode() in seen.body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["claude-sonnet-4.6", "claude-opus-5", "gemini-3.8-flash"])
async def test_thinking_is_shown_and_survives_the_next_turn(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str, stream: bool
) -> None:
    thinking: Any = {"type": "adaptive"}
    sandbox.script.answer("Rain.", thinking="Norway in November.", tools=[("get_weather", {"city": "Oslo"})])
    first = await _ask(anthropic_sdk, model, ASK, stream=stream, thinking=thinking)
    [thought, *_] = first.content
    [call] = [block for block in first.content if block.type == "tool_use"]
    assert (thought.type, thought.thinking, bool(thought.signature)) == ("thinking", "Norway in November.", True)
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "4 degrees"}
    history: Any = [*ASK, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    await _ask(anthropic_sdk, model, history, stream=stream, thinking=thinking)
    sent = sandbox.seen[-1].json["messages"][1]
    if model == "gemini-3.8-flash":
        assert sent["reasoning_text"] == "Norway in November."
        assert sent["reasoning_opaque"]
    else:
        assert sent["content"][0]["signature"] == thought.signature


async def test_a_conversation_may_move_to_another_family_of_models(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox
) -> None:
    history: Any = [*ASK]
    for model in ("gemini-3.8-flash", "claude-sonnet-4.6", "gpt-4.1", "claude-opus-5", "gemini-3.8-flash"):
        sandbox.script.answer("Rain.", thinking="Norway.")
        answer = await _ask(anthropic_sdk, model, history, stream=True)
        history += [{"role": "assistant", "content": answer.content}, {"role": "user", "content": "and tomorrow?"}]
    assert len(history) == 11


@pytest.mark.parametrize("model", MODELS)
async def test_the_length_limit_and_stop_reasons_are_told(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.answer("cut", finish="length")
    message = await anthropic_sdk.messages.create(model=model, max_tokens=1, messages=ASK)
    assert message.stop_reason == "max_tokens"


async def test_a_large_answer_is_streamed_from_copilot_and_given_whole(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox
) -> None:
    sandbox.script.answer("long")
    message = await anthropic_sdk.messages.create(model="claude-sonnet-4.6", max_tokens=20_000, messages=ASK)
    assert message.content[0].to_dict() == {"type": "text", "text": "long"}
    assert sandbox.seen[-1].json["stream"] is True


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_an_unknown_model_is_answered_with_the_usable_ones(anthropic_sdk: anthropic.AsyncAnthropic, stream: bool) -> None:
    with pytest.raises(anthropic.NotFoundError) as caught:
        await anthropic_sdk.messages.create(model="claude-nine", max_tokens=10, messages=ASK, stream=stream)
    error: Any = caught.value.body
    assert (error["type"], error["error"]["type"]) == ("error", "not_found_error")
    assert "claude-sonnet-4.6" in error["error"]["message"]


@pytest.mark.parametrize("model", MODELS)
async def test_a_rate_limit_stays_one_with_its_retry_after(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.fault("rate_limited", seconds=7)
    with pytest.raises(anthropic.RateLimitError) as caught:
        await anthropic_sdk.messages.create(model=model, max_tokens=10, messages=ASK)
    assert caught.value.response.headers["retry-after"] == "7"
    body: Any = caught.value.body
    assert body["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_that_breaks_raises_and_never_ends_as_if_fine(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.answer("one two three four five six")
    sandbox.script.fault("cut", after=5)
    with pytest.raises(anthropic.APIError):
        async with anthropic_sdk.messages.stream(model=model, max_tokens=10, messages=ASK) as stream:
            await stream.get_final_message()


@pytest.mark.parametrize("model", MODELS)
async def test_tokens_are_counted(anthropic_sdk: anthropic.AsyncAnthropic, model: str) -> None:
    little = await anthropic_sdk.messages.count_tokens(model=model, messages=ASK)
    much = await anthropic_sdk.messages.count_tokens(model=model, messages=ASK, tools=[WEATHER], system="You are kind. " * 50)
    assert 5 < little.input_tokens < 60
    assert much.input_tokens > little.input_tokens + 100


async def test_the_model_list_and_one_model(anthropic_sdk: anthropic.AsyncAnthropic) -> None:
    listed = [model async for model in anthropic_sdk.models.list(limit=5)]
    assert {"claude-sonnet-4.6", "gpt-4.1"} <= {model.id for model in listed}
    assert all(model.display_name for model in listed)
    assert (await anthropic_sdk.models.retrieve("claude-sonnet-4-6")).id == "claude-sonnet-4.6"


async def test_the_tool_runner_falls_back_to_sending_the_whole_conversation(
    anthropic_sdk: anthropic.AsyncAnthropic, sandbox: Sandbox
) -> None:
    asked: list[str] = []

    @anthropic.beta_async_tool
    async def get_weather(city: str) -> str:
        """The weather in a city."""
        asked.append(city)
        return "4 degrees, rain"

    sandbox.script.answer("", tools=[("get_weather", {"city": "Oslo"})])
    sandbox.script.answer("It rains.")
    runner = anthropic_sdk.beta.messages.tool_runner(
        model="claude-sonnet-4.6",
        max_tokens=100,
        tools=[get_weather],
        messages=[{"role": "user", "content": "Weather in Oslo?"}],
    )
    last = await runner.until_done()
    assert asked == ["Oslo"]
    assert last.content[0].to_dict()["text"] == "It rains."


async def _ask(client: anthropic.AsyncAnthropic, model: str, messages: Any, *, stream: bool, **options: Any) -> Any:
    if not stream:
        return await client.messages.create(model=model, max_tokens=4000, messages=messages, tools=[WEATHER], **options)
    async with client.messages.stream(
        model=model, max_tokens=4000, messages=messages, tools=[WEATHER], **options
    ) as open_stream:
        return await open_stream.get_final_message()
