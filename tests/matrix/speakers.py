"""The four client dialects, as far as the matrix needs them: how each asks for a feature, and what it reads in an answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from copilot_api.dialects.codec import Json, dumps_text, loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.translate import Client
from tests.builders.clients import anthropic_reads, openai_reads, openai_responses_reads
from tests.builders.gemini_client import put_together, sdk_responses

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL_SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL, ABOUT = "get_weather", "The weather in a city"
QUESTION = "What is the weather in Oslo?"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a request asks for, in words that no dialect owns."""

    text: str = QUESTION
    tools: bool = False
    image: bool = False
    thinks: bool = False
    schema: bool = False
    stop: str = ""
    cap: int = 4000
    result: str = ""
    failed: bool = False


@dataclass(kw_only=True)
class Told:
    """What a client reads in an answer."""

    text: str = ""
    calls: list[tuple[str, Json]] = field(default_factory=list)
    thought: str = ""
    end: str = ""


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """One dialect: `path(model, stream)` and `body(model, wish, stream)` ask, `stream` and `whole` read an answer."""

    path: Callable[[str, bool], str]
    body: Callable[[str, Wish, bool], Json]
    stream: Callable[[bytes], Told]
    whole: Callable[[Json], Told]
    ends: dict[str, str]


def failure(stream: bytes) -> str:
    """The message of the error that a stream ends with; "" when it ends without one.

    Gemini's stands by itself, without being an event; that of Responses is in a response that failed.
    """
    end = stream.rfind(b'{"error"')
    if end < 0:
        last = loads(list(SseDecoder().feed(stream))[-1].data)
        return str((last.get("error") or last.get("response", {}).get("error") or {}).get("message", ""))
    return str(loads(stream[end:].strip())["error"]["message"])


# Chat Completions


def _chat_body(model: str, wish: Wish, stream: bool) -> Json:
    parts: list[Json] = [{"type": "text", "text": wish.text}]
    parts += [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}] if wish.image else []
    messages: list[Json] = [{"role": "system", "content": "You are kind."}, {"role": "user", "content": parts}]
    if wish.result:
        call = {"id": "call_1", "type": "function", "function": {"name": TOOL, "arguments": '{"city":"Oslo"}'}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": "call_1", "content": wish.result})
    body: Json = {"model": model, "messages": messages, "stream": stream, "max_tokens": wish.cap}
    if wish.tools:
        function = {"name": TOOL, "description": ABOUT, "parameters": TOOL_SCHEMA}
        body["tools"] = [{"type": "function", "function": function}]
    if wish.thinks:
        body["reasoning_effort"] = "high"
    if wish.schema:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
    return body | ({"stop": [wish.stop]} if wish.stop else {})


def _chat_told(answer: Json) -> Told:
    [choice] = answer["choices"]
    message = choice["message"]
    calls = [(c["function"]["name"], loads(c["function"]["arguments"].encode())) for c in message.get("tool_calls") or []]
    text = (message.get("content") or "") + (message.get("refusal") or "")
    return Told(text=text, calls=calls, thought=message.get("reasoning_content") or "", end=choice["finish_reason"])


# Anthropic Messages


def _messages_body(model: str, wish: Wish, stream: bool) -> Json:
    blocks: list[Json] = [{"type": "text", "text": wish.text}]
    blocks += [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}] if wish.image else []
    messages: list[Json] = [{"role": "user", "content": blocks}]
    if wish.result:
        use = {"type": "tool_use", "id": "toolu_1", "name": TOOL, "input": {"city": "Oslo"}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": wish.result, "is_error": wish.failed}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    body: Json = {"model": model, "system": "You are kind.", "messages": messages, "stream": stream, "max_tokens": wish.cap}
    if wish.tools:
        body["tools"] = [{"name": TOOL, "description": ABOUT, "input_schema": TOOL_SCHEMA}]
    if wish.thinks:
        body |= {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}
    if wish.schema:
        body["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    return body | ({"stop_sequences": [wish.stop]} if wish.stop else {})


def _messages_told(answer: Json) -> Told:
    told = Told(end=answer["stop_reason"])
    for block in answer["content"]:
        match block["type"]:
            case "text":
                told.text += block["text"]
            case "tool_use":
                told.calls.append((block["name"], block["input"]))
            case "thinking":
                told.thought += block["thinking"]
    return told


# OpenAI Responses


def _responses_body(model: str, wish: Wish, stream: bool) -> Json:
    parts: list[Json] = [{"type": "input_text", "text": wish.text}]
    parts += [{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}] if wish.image else []
    items: list[Json] = [{"type": "message", "role": "user", "content": parts}]
    if wish.result:
        items.append({"type": "function_call", "call_id": "call_1", "name": TOOL, "arguments": '{"city":"Oslo"}'})
        items.append({"type": "function_call_output", "call_id": "call_1", "output": wish.result})
    body: Json = {"model": model, "instructions": "You are kind.", "input": items, "stream": stream, "store": False}
    body["max_output_tokens"] = wish.cap
    if wish.tools:
        body["tools"] = [{"type": "function", "name": TOOL, "description": ABOUT, "parameters": TOOL_SCHEMA, "strict": False}]
    if wish.thinks:
        body |= {"reasoning": {"effort": "high", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}
    if wish.schema:
        body["text"] = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA, "strict": True}}
    return body


def _responses_told(answer: Json) -> Told:
    details = answer.get("incomplete_details") or {}
    told = Told(end=details.get("reason") or answer["status"])
    for item in answer["output"]:
        match item["type"]:
            case "message":
                told.text += "".join(part.get("text", part.get("refusal", "")) for part in item["content"])
            case "function_call":
                told.calls.append((item["name"], loads(item["arguments"].encode())))
            case "reasoning":
                told.thought += "".join(part["text"] for part in item["summary"])
    return told


# Gemini


def _gemini_body(_model: str, wish: Wish, _stream: bool) -> Json:
    parts: list[Json] = [{"text": wish.text}]
    parts += [{"inlineData": {"mimeType": "image/png", "data": PNG}}] if wish.image else []
    contents: list[Json] = [{"role": "user", "parts": parts}]
    if wish.result:
        contents.append({"role": "model", "parts": [{"functionCall": {"name": TOOL, "args": {"city": "Oslo"}}}]})
        response = {"error": wish.result} if wish.failed else {"output": wish.result}
        contents.append({"role": "user", "parts": [{"functionResponse": {"name": TOOL, "response": response}}]})
    config: Json = {"maxOutputTokens": wish.cap}
    if wish.thinks:
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingLevel": "high"}
    if wish.schema:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    if wish.stop:
        config["stopSequences"] = [wish.stop]
    body: Json = {"contents": contents, "systemInstruction": {"parts": [{"text": "You are kind."}]}, "generationConfig": config}
    if wish.tools:
        declared = {"name": TOOL, "description": ABOUT, "parameters": TOOL_SCHEMA | {"type": "OBJECT"}}
        body["tools"] = [{"functionDeclarations": [declared]}]
    return body


def _gemini_told(answer: Json) -> Told:
    [candidate] = answer["candidates"]
    told = Told(end=candidate["finishReason"])
    for part in candidate["content"]["parts"]:
        if "functionCall" in part:
            told.calls.append((part["functionCall"]["name"], part["functionCall"].get("args", {})))
        elif part.get("thought"):
            told.thought += part["text"]
        else:
            told.text += part.get("text", "")
    return told


def _gemini_path(model: str, stream: bool) -> str:
    return f"/v1beta/models/{model}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}"


def _plain(path: str) -> Callable[[str, bool], str]:
    return lambda _model, _stream: path


def _reader(accumulate: Callable[[bytes], Json], told: Callable[[Json], Told]) -> Callable[[bytes], Told]:
    return lambda stream: told(accumulate(stream))


def _loose(stream: bytes) -> Json:
    return openai_responses_reads(stream, strict=False)


def _chunks(stream: bytes) -> Any:
    return put_together(sdk_responses([stream]))


SPEAKERS: dict[Client, Speaker] = {
    "chat": Speaker(
        path=_plain("/v1/chat/completions"),
        body=_chat_body,
        stream=_reader(openai_reads, _chat_told),
        whole=_chat_told,
        ends={"length": "length", "refusal": "content_filter", "stop": "stop"},
    ),
    "messages": Speaker(
        path=_plain("/v1/messages"),
        body=_messages_body,
        stream=_reader(anthropic_reads, _messages_told),
        whole=_messages_told,
        ends={"length": "max_tokens", "refusal": "refusal", "stop": "end_turn"},
    ),
    "responses": Speaker(
        path=_plain("/v1/responses"),
        body=_responses_body,
        stream=_reader(_loose, _responses_told),
        whole=_responses_told,
        ends={"length": "max_output_tokens", "refusal": "content_filter", "stop": "completed"},
    ),
    "gemini": Speaker(
        path=_gemini_path,
        body=_gemini_body,
        stream=_reader(_chunks, _gemini_told),
        whole=_gemini_told,
        ends={"length": "MAX_TOKENS", "refusal": "SAFETY", "stop": "STOP"},
    ),
}

ANSWER_JSON = dumps_text({"city": "Oslo"})
