"""What an upstream accepts, as checks: the order of a conversation, its ids and names, and the limits on a request."""

import re
from typing import Any

from copilot_api.dialects.codec import Json

_LEGAL = re.compile(r"[a-zA-Z0-9_-]+")
_KIMIS = re.compile(r"(functions\.)?[a-zA-Z0-9_-]+:\d+")
_MOST_CHAT_ID, _MOST_RESPONSES_ID, _MOST_NAME, _MOST_TOOLS, _MOST_MARKS = 40, 64, 64, 128, 4

_RESPONSES_FIELDS = {
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "model",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "store",
    "stream",
    "text",
    "tool_choice",
    "tools",
}
_PARTS = {
    "user": {"input_text", "input_image", "input_file"},
    "developer": {"input_text"},
    "system": {"input_text"},
    "assistant": {"output_text", "refusal"},
}


def check_chat(body: Json) -> None:
    """Fails unless every backend of /chat/completions would take `body`."""
    messages = body["messages"]
    assert messages
    assert messages[-1]["role"] != "assistant"
    waiting: list[str] = []
    seen: set[str] = set()
    for number, message in enumerate(messages):
        role = message["role"]
        if role == "tool":
            waiting.remove(message["tool_call_id"])
            assert isinstance(message["content"], str)
            continue
        assert not waiting, "a call has no answer"
        assert role in {"system", "user", "assistant"}
        if role == "assistant":
            waiting = [_chat_call(call) for call in message.get("tool_calls", [])]
            assert waiting or message["content"]
            assert not seen & {*waiting}, "two calls share an id"
            assert len({*waiting}) == len(waiting), "two calls share an id"
            seen |= {*waiting}
        else:
            assert role == "user" or number == 0 or isinstance(message["content"], str)
            _content(message["content"], {"text", "image_url"})
    assert not waiting, "a call has no answer"
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    _names(names)
    assert names or not {"tool_choice", "parallel_tool_calls"} & body.keys()
    assert len(body.get("stop", [])) <= 4


def check_messages(body: Json) -> None:
    """Fails unless every backend of /v1/messages would take `body`."""
    messages = body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2) + ["user"]
    calls: list[str] = []
    seen: set[str] = set()
    for message in messages:
        content = message["content"]
        assert content
        results = [block["tool_use_id"] for block in content if block["type"] == "tool_result"]
        assert results == (calls if message["role"] == "user" else []), "calls and results do not match"
        assert all(block["type"] == "tool_result" for block in content[: len(results)]), "results must come first"
        calls = [block["id"] for block in content if block["type"] == "tool_use"]
        assert not seen & {*calls}, "two calls share an id"
        assert len({*calls}) == len(calls), "two calls share an id"
        assert all(_LEGAL.fullmatch(id_) and len(id_) <= _MOST_NAME for id_ in calls)
        seen |= {*calls}
        _content(content, {"text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"})
    names = [tool["name"] for tool in body.get("tools", [])]
    _names(names)
    assert names or not seen, "calls of tools that nobody defined"
    assert names or "tool_choice" not in body
    marks = [block for block in _blocks(body) if "cache_control" in block]
    assert len(marks) <= _MOST_MARKS
    assert body["max_tokens"] >= 1
    thinking = body.get("thinking", {})
    assert 1024 <= thinking.get("budget_tokens", 1024) < max(1025, body["max_tokens"])
    if thinking.get("type") in {"enabled", "adaptive"}:
        assert body.get("tool_choice", {}).get("type") not in {"any", "tool"}
        assert body.get("temperature", 1) == 1
    assert 0 <= body.get("temperature", 0) <= 1


def check_responses(body: Json) -> None:
    """Fails unless every backend of /responses would take `body`."""
    assert body.keys() <= _RESPONSES_FIELDS
    assert body["store"] is False
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body.get("instructions", "?").strip()
    assert body.get("max_output_tokens", 16) >= 16
    assert len(body.get("prompt_cache_key", "")) <= 64
    assert body["input"]
    _check_items(body["input"])
    tools = body.get("tools", [])
    _names([tool["name"] for tool in tools])
    assert all(tool["type"] == "custom" or isinstance(tool["strict"], bool) for tool in tools)
    assert tools or not {"tool_choice", "parallel_tool_calls"} & body.keys()


def _check_items(items: list[Json]) -> None:
    waiting: dict[str, str] = {}
    seen: set[str] = set()
    thoughts: list[str] = []
    thinks = False
    for item in items:
        kind = item["type"]
        assert "id" not in item or kind == "reasoning"
        from_outside = kind.endswith("_output") or item.get("role", "assistant") != "assistant"
        assert not thinks or not from_outside, "reasoning led to nothing"
        thinks = kind == "reasoning"
        match kind:
            case "message":
                assert item["role"] == "assistant" or not waiting, "a call has no output"
                _content(item["content"], _PARTS[item["role"]])
            case "function_call" | "custom_tool_call":
                assert isinstance(item["arguments" if kind == "function_call" else "input"], str)
                assert _LEGAL.fullmatch(item["call_id"])
                assert len(item["call_id"]) <= _MOST_RESPONSES_ID
                assert item["call_id"] not in seen, "two calls share an id"
                _names([item["name"]])
                seen.add(item["call_id"])
                waiting[item["call_id"]] = kind
            case "function_call_output" | "custom_tool_call_output":
                assert waiting.pop(item["call_id"]) == kind.removesuffix("_output")
                assert isinstance(item["output"], str)
            case _:
                assert kind == "reasoning"
                assert isinstance(item["summary"], list)
                thoughts.append(item["encrypted_content"])
    assert not waiting, "a call has no output"
    assert not thinks, "reasoning led to nothing"
    assert items[-1].get("role") != "assistant", "the last word is the assistant's"
    assert all(thoughts)
    assert len(set(thoughts)) == len(thoughts), "reasoning stands there twice"


def _chat_call(call: Json) -> str:
    id_: str = call["id"]
    assert _KIMIS.fullmatch(id_) or (_LEGAL.fullmatch(id_) and len(id_) <= _MOST_CHAT_ID)
    assert isinstance(call["function"]["arguments"], str)
    _names([call["function"]["name"]])
    return id_


def _names(names: list[str]) -> None:
    assert len(names) <= _MOST_TOOLS
    assert all(_LEGAL.fullmatch(name) and len(name) <= _MOST_NAME for name in names)


def _content(content: Any, kinds: set[str]) -> None:
    if isinstance(content, str):
        assert content.strip()
        return
    assert content
    for block in content:
        assert block["type"] in kinds
        assert block.get("text", "?").strip()


def _blocks(body: Json) -> list[Json]:
    return [
        *body.get("system", []),
        *body.get("tools", []),
        *(block for message in body["messages"] for block in message["content"]),
    ]
