"""The official `openai` package, unmodified: on a model that passes through and on one that is translated."""

import base64
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox

MODELS = ["gpt-4.1", "gpt-5-mini", "claude-sonnet-4.6", "gemini-3.8-flash", "claude-opus-5"]
PNG = base64.b64encode(
    base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC")
).decode()
WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
ASK: list[ChatCompletionMessageParam] = [{"role": "user", "content": "What is the weather in Oslo?"}]


@pytest.mark.parametrize("model", MODELS)
async def test_a_plain_answer(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("Hei!", usage=Counted(prompt=20, output=3, cached=8))
    answer = await openai_sdk.chat.completions.create(model=model, messages=ASK)
    assert (answer.object, answer.choices[0].message.content, answer.choices[0].finish_reason) == (
        "chat.completion",
        "Hei!",
        "stop",
    )
    assert len(answer.choices) == 1
    assert answer.created > 0
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (20, 3, 23)
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 8


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("one two three")
    async with openai_sdk.chat.completions.stream(model=model, messages=ASK) as stream:
        pieces = [event.delta async for event in stream if event.type == "content.delta"]
        answer = await stream.get_final_completion()
    assert "".join(pieces) == answer.choices[0].message.content == "one two three"
    assert len(pieces) > 1
    assert answer.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("model", MODELS)
async def test_every_chunk_has_a_choice_and_usage_comes_last_for_who_asks(
    openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.answer("one two", usage=Counted(prompt=9, output=2), times=2)
    plain = [chunk async for chunk in await openai_sdk.chat.completions.create(model=model, messages=ASK, stream=True)]
    assert all(len(chunk.choices) == 1 and chunk.usage is None for chunk in plain)
    assert len({chunk.id for chunk in plain}) == 1
    options: Any = {"include_usage": True}
    counted = await openai_sdk.chat.completions.create(model=model, messages=ASK, stream=True, stream_options=options)
    *chunks, last = [chunk async for chunk in counted]
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (9, 2)
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", MODELS)
async def test_a_tool_round_trip(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str, stream: bool) -> None:
    sandbox.script.answer("I will look.", tools=[("get_weather", {"city": "Oslo"})])
    first = await _ask(openai_sdk, model, ASK, stream=stream)
    assert first.finish_reason == "tool_calls"
    [call] = first.message.tool_calls
    assert (call.type, call.function.name, call.function.arguments) == ("function", "get_weather", '{"city":"Oslo"}')

    history: list[Any] = [*ASK, first.message.model_dump(exclude_none=True)]
    history.append({"role": "tool", "tool_call_id": call.id, "content": "4 degrees, rain"})
    second = await _ask(openai_sdk, model, history, stream=stream)
    assert "4 degrees, rain" in second.message.content
    assert second.finish_reason == "stop"
    assert sandbox.seen[-1].headers["x-initiator"] == "agent"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", MODELS)
async def test_parallel_tool_calls(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str, stream: bool) -> None:
    sandbox.script.answer("", tools=[("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})])
    choice = await _ask(openai_sdk, model, ASK, stream=stream)
    assert [call.function.arguments for call in choice.message.tool_calls] == ['{"city":"Oslo"}', '{"city":"Bergen"}']
    assert len({call.id for call in choice.message.tool_calls}) == 2


@pytest.mark.parametrize("model", MODELS)
async def test_an_image(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    content: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    answer = await openai_sdk.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert answer.choices[0].message.content
    assert sandbox.seen[-1].headers["copilot-vision-request"] == "true"
    assert PNG.encode() in sandbox.seen[-1].body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["claude-sonnet-4.6", "claude-opus-5"])
async def test_thinking_is_shown_and_survives_the_next_turn(
    openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str, stream: bool
) -> None:
    sandbox.script.answer("Rain.", thinking="Norway in November.", tools=[("get_weather", {"city": "Oslo"})])
    first = await _ask(openai_sdk, model, ASK, stream=stream, reasoning_effort="high")
    assert first.message.reasoning_content == "Norway in November."
    [call] = first.message.tool_calls
    history: list[Any] = [*ASK, first.message.model_dump(exclude_none=True)]
    history.append({"role": "tool", "tool_call_id": call.id, "content": "4 degrees"})
    await _ask(openai_sdk, model, history, stream=stream, reasoning_effort="high")
    sent = sandbox.seen[-1].json["messages"][1]
    if model == "claude-opus-5":
        thinking = sent["content"][0]
        assert (thinking["type"], thinking["thinking"]) == ("thinking", "Norway in November.")
    else:
        assert sent["reasoning_text"] == "Norway in November."
        assert sent["reasoning_opaque"]


async def test_structured_output(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}}
    for model in ("gpt-4.1", "claude-opus-5"):
        answer = await openai_sdk.chat.completions.create(model=model, messages=ASK, response_format=wanted)
        assert answer.choices[0].message.content is not None
        assert answer.choices[0].message.content.startswith('{"city":')


@pytest.mark.parametrize("model", MODELS)
async def test_the_length_limit_is_told(openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("cut", finish="length")
    answer = await openai_sdk.chat.completions.create(model=model, messages=ASK, max_tokens=1)
    assert answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_an_unknown_model_is_answered_with_the_usable_ones(openai_sdk: openai.AsyncOpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await openai_sdk.chat.completions.create(model="gpt-9", messages=ASK, stream=stream)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert "gpt-4.1" in str(caught.value)


@pytest.mark.parametrize("model", MODELS)
async def test_a_rate_limit_stays_one_with_its_retry_after(
    openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.fault("rate_limited", seconds=7)
    with pytest.raises(openai.RateLimitError) as caught:
        await openai_sdk.chat.completions.create(model=model, messages=ASK)
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("model", MODELS)
async def test_a_stream_that_breaks_raises_and_never_ends_as_if_fine(
    openai_sdk: openai.AsyncOpenAI, sandbox: Sandbox, model: str
) -> None:
    sandbox.script.answer("one two three four five six")
    sandbox.script.fault("cut", after=5)
    with pytest.raises(openai.APIError):  # at once, if the reset overtakes what was sent before
        async for _ in await openai_sdk.chat.completions.create(model=model, messages=ASK, stream=True):
            pass


async def test_the_model_list_and_one_model(openai_sdk: openai.AsyncOpenAI) -> None:
    listed = [model async for model in openai_sdk.models.list()]
    assert {"gpt-4.1", "claude-opus-5", "text-embedding-3-small"} <= {model.id for model in listed}
    assert all(model.owned_by for model in listed)
    assert (await openai_sdk.models.retrieve("claude-sonnet-4-6")).id == "claude-sonnet-4.6"
    with pytest.raises(openai.NotFoundError):
        await openai_sdk.models.retrieve("gpt-9")


async def test_embeddings_of_a_text_and_of_a_list(openai_sdk: openai.AsyncOpenAI) -> None:
    one = await openai_sdk.embeddings.create(model="text-embedding-3-small", input="hello")
    two = await openai_sdk.embeddings.create(model="text-embedding-3-small", input=["hello", "world"], encoding_format="float")
    assert len(one.data) == 1
    assert [entry.index for entry in two.data] == [0, 1]
    assert one.data[0].embedding == pytest.approx(two.data[0].embedding, rel=1e-6)
    assert (one.object, one.data[0].object) == ("list", "embedding")


class _Choice:
    """A choice, whether it came whole or was put together by the SDK."""

    def __init__(self, choice: Any) -> None:
        self.message = choice.message
        self.finish_reason = choice.finish_reason


async def _ask(client: openai.AsyncOpenAI, model: str, messages: Any, *, stream: bool, **options: Any) -> _Choice:
    if not stream:
        answer = await client.chat.completions.create(model=model, messages=messages, tools=[WEATHER], **options)
        return _Choice(answer.choices[0])
    async with client.chat.completions.stream(model=model, messages=messages, tools=[WEATHER], **options) as open_stream:
        return _Choice((await open_stream.get_final_completion()).choices[0])
