"""What good requests and answers look like: those of real programs, and some with a field of every kind."""

import gzip
import json
import random
import zlib
from pathlib import Path
from typing import Any

from copilot_api import settings
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.gemini_spelling import addressed
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.translate import Client
from copilot_api.translate.repair import Endpoint
from tests.builders import answers as build
from tests.builders.answers import Answer, Tool
from tests.builders.models import MODELS
from tests.sandbox.test_anything import CHAT, MESSAGES, RESPONSES

FIXTURES = Path(__file__).parents[1] / "translate" / "fixtures"
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}

GEMINI: Json = {
    "systemInstruction": {"parts": [{"text": "s"}]},
    "contents": [
        {"role": "user", "parts": [{"text": "run `ls`"}, PICTURE]},
        {
            "role": "model",
            "parts": [{"text": "t", "thought": True}, {"functionCall": {"id": "1", "name": "f", "args": {"a": 1}}}],
        },
        {"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "f", "response": {"output": "x"}}}]},
    ],
    "tools": [
        {"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "OBJECT", "properties": {}}}]}
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "generationConfig": {
        "temperature": 1,
        "maxOutputTokens": 100,
        "stopSequences": ["END"],
        "responseMimeType": "application/json",
        "responseSchema": {"type": "ARRAY", "items": {"type": "STRING"}},
        "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 100},
    },
    "safetySettings": [],
}


def _dialect(body: Json) -> Client:
    if "input" in body:
        return "responses"
    if "contents" in body:
        return "gemini"
    anthropics = {"system", "thinking", "metadata"} & body.keys() or any(
        "input_schema" in tool for tool in body.get("tools", [])
    )
    return "messages" if anthropics else "chat"


def requests() -> dict[Client, list[Json]]:
    """By dialect."""
    found: dict[Client, list[Json]] = {
        "chat": [CHAT],
        "messages": [MESSAGES],
        "responses": [RESPONSES],
        "gemini": [addressed(GEMINI, model="gpt-4.1", stream=True, alt="sse")],
    }
    for path in sorted(FIXTURES.glob("*.json")):
        body: Any = json.loads(path.read_text("utf-8"))
        if isinstance(body, dict) and path.stat().st_size < 60_000:
            found[_dialect(body)].append(body)
    return found


_CALL = Tool("bash", {"a": [1, {"b": None}]}, id="c1")
ANSWERS = (
    Answer(text="A word, and another."),
    Answer(
        thought="Hm.",
        signature="c2lnbmVk",
        text="So.",
        tools=(Tool("bash", {"a": [1, {"b": None}]}, id="c1"),),
        stop="tool_use",
    ),
    Answer(tools=(Tool("bash", {}, id="c1"), Tool("exec", {"x": "y" * 50}, id="c2")), stop="tool_use"),
    Answer(text="cut", stop="max_tokens"),
    Answer(text="no", stop="refusal"),
)


def streams() -> dict[Endpoint, list[list[tuple[str, Any]]]]:
    """Answers as the events of a stream, by endpoint: each its name, and its JSON or the words that are none."""
    rnd = random.Random(7)
    found: dict[Endpoint, list[list[tuple[str, Any]]]] = {"/chat/completions": [], "/v1/messages": [], "/responses": []}
    for answer in ANSWERS:
        for interleave in (False, True):
            raws = {
                "/chat/completions": build.chat_stream(answer, rnd, interleave=interleave),
                "/v1/messages": build.messages_stream(answer, rnd),
                "/responses": build.responses_stream(answer, rnd, interleave=interleave),
            }
            for endpoint, raw in raws.items():
                found[endpoint].append([(frame.event, _value(frame.data)) for frame in SseDecoder().feed(raw)])  # type: ignore[index] # the same three
    return found


def wholes() -> dict[Endpoint, list[Json]]:
    """Answers that are not streamed."""
    return {
        "/chat/completions": [build.chat_whole(answer, split=split) for answer in ANSWERS for split in (False, True)],
        "/v1/messages": [build.messages_whole(answer) for answer in ANSWERS],
        "/responses": [build.responses_whole(answer) for answer in ANSWERS],
    }


def _value(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode()


def models() -> list[str]:
    """Every chat model of the example catalog."""
    return sorted(id_ for id_, model in MODELS.items() if model.kind == "chat" and model.endpoints)


def corpus(target: str) -> list[bytes]:
    """What to begin with: something of the right kind for targets that take bytes as they are, else any decisions."""
    rnd = random.Random(target)
    frames = [
        encode(dumps(value), name) for events in streams().values() for name, value in events[1] if isinstance(value, dict)
    ]
    bodies = [dumps(body[0]) for body in requests().values()]
    match target:
        case "sse":
            return [bytes(64) + b"".join(frames[:8]), bytes(64) + b": hello\r\n\r\ndata: a\ndata: b\n\n\n", *frames[:20]]
        case "codec":
            return [*bodies, b'{"a":12345678901234567890}', b"[1.5,null,true]"]
        case "raw_requests":
            return [bytes((number, 0, 0, 0)) + body for number, body in enumerate(bodies)]
        case "packed":
            return [gzip.compress(b"hello" * 50, mtime=0), zlib.compress(b"hello"), zlib.compress(b"a" * 5000, wbits=-15)]
        case "names":
            return [
                b"localhost:4141",
                b"[::1]:4141",
                b"http://localhost:4141",
                b"127.0.0.1",
                b"evil.example",
                b"app.localhost.",
            ]
        case "config":
            lines = [b'port = 1\napi_keys = ["a"]\n[aliases]\nx = "y"\n', b'host = "::1"\nrate_limit = 1.5', b"\x00a=b,c=d"]
            return [
                *lines,
                *(f"{name} = {value}".encode() for name in settings.options() for value in ("1", "true", '"x"', "[]")),
            ]
        case _:
            return [rnd.randbytes(size) for size in (4, 8, 16, 32, 64, 128, 256) for _ in range(20)]
