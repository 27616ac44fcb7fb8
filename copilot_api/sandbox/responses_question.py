"""Reads what a request to /responses asks for."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.question import HARNESS_TAGS, Question, Result, Tool, human

# What Codex puts into user messages by itself.
_TAGS = (
    *HARNESS_TAGS,
    "environment_context",
    "user_instructions",
    "INSTRUCTIONS",
    "skill",
    "turn_aborted",
    "user_shell_command",
    "subagent_notification",
    "permissions_instructions",
)
_WRAPPING = re.compile(r"</?image\b[^>]*>|# AGENTS\.md instructions for .*")
_SEARCH = re.compile(r"\bsearch\b[^.]{0,40}\b(?:web|internet|online)\b|\bweb search\b", re.IGNORECASE)
_OUTPUTS = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}


def items_of(body: Json) -> list[Json]:
    """The input as items: a text is a user's message."""
    given = body["input"]
    return [{"type": "message", "role": "user", "content": given}] if isinstance(given, str) else given


def tools_of(body: Json) -> Iterator[Json]:
    """Every list of tools on offer, in order: those of the request, those added in the conversation."""
    yield from body.get("tools") or ()
    for item in items_of(body):
        if item.get("type") in {"additional_tools", "tool_search_output"}:
            yield from item.get("tools") or ()


def ask(body: Json, model: Model) -> Question:
    """Reads a request that passed the checks."""
    choice = body.get("tool_choice")
    chosen = choice if isinstance(choice, dict) else {}
    named = str(chosen.get("name") or "")
    items = items_of(body)
    tail = list(_tail(items))
    spoken = [words for item in tail if item.get("role") == "user" and (words := _words(item))]
    said = spoken[-1] if spoken else ""
    output_format = (body.get("text") or {}).get("format") or {}
    effort = (body.get("reasoning") or {}).get("effort")
    limit = body.get("max_output_tokens")
    return Question(
        model=model,
        said=said,
        results=tuple(_results(items, tail)),
        tools=() if choice == "none" else tuple(_allowed(_tools(body), chosen)),
        forced=choice == "required" or chosen.get("mode") == "required" or bool(named),
        wanted=named,
        parallel=body.get("parallel_tool_calls") is not False,
        thinks=bool(effort and effort != "none"),
        limit=int(limit) if limit else None,
        schema=output_format.get("schema"),
        wants_json=output_format.get("type") == "json_object",
        searches=any(str(tool["type"]).startswith("web_search") for tool in tools_of(body)) and bool(_SEARCH.search(said)),
        compacts=items[-1].get("type") == "compaction_trigger",
        images=sum(part.get("type") == "input_image" for item in tail for part in _parts(item.get("content"))),
    )


def _tail(items: list[Json]) -> Iterator[Json]:
    """What came after the model spoke last."""
    spoke = [n for n, item in enumerate(items) if item.get("role") == "assistant" or item.get("type") in _OUTPUTS.values()]
    yield from items[spoke[-1] + 1 :] if spoke else items


def _words(item: Json) -> str:
    texts = (part["text"] for part in _parts(item.get("content")) if part.get("type") == "input_text")
    return human((_WRAPPING.sub("", text) for text in texts), _TAGS)


def _results(items: list[Json], tail: list[Json]) -> Iterator[Result]:
    names = {item["call_id"]: item["name"] for item in items if item.get("type") in _OUTPUTS.values()}
    for item in tail:
        if item.get("type") in _OUTPUTS:
            text = "\n".join(part["text"] for part in _parts(item["output"]) if part.get("type") == "input_text")
            yield Result(tool=names.get(item["call_id"], ""), text=text)


def _tools(body: Json) -> Iterator[Tool]:
    for tool in tools_of(body):
        if tool["type"] == "namespace":
            for inner in tool["tools"]:
                yield from _tool(inner, tool["name"])
        else:
            yield from _tool(tool, "")


def _allowed(tools: Iterable[Tool], chosen: Json) -> Iterator[Tool]:
    """Some choices name the few that may be used now."""
    names = {tool.get("name") for tool in chosen.get("tools") or ()}
    return (tool for tool in tools if not names or tool.name in names)


def _tool(tool: Json, namespace: str) -> Iterator[Tool]:
    if tool["type"] in {"function", "custom"} and not tool.get("defer_loading"):
        schema = tool.get("parameters") or {}
        yield Tool(name=tool["name"], schema=schema, custom=tool["type"] == "custom", namespace=namespace)


def _parts(content: Any) -> list[Json]:
    return [{"type": "input_text", "text": content}] if isinstance(content, str) else content or []
