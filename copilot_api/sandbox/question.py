"""What a request asks for, whichever dialect it speaks: the newest words, the tools at hand, what came back, the limits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model

# Harness text inside a user message: not typed by the person.
HARNESS_TAGS = ("system-reminder", "total_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool at hand, and the JSON schema of its arguments; a `custom` one takes free text instead."""

    name: str
    schema: Json
    custom: bool = False
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a tool answered since the model spoke last."""

    tool: str
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`said` is the newest human text. `forced` says that a tool must be called, `wanted` which one ("" any). `limit` is the
    most tokens the answer may have. `schema` is that of structured output; `wants_json` asks for any JSON object. `compacts`
    asks for one item that stands for the whole conversation, `searches` for a search of the web on the server.
    """

    model: Model
    said: str = ""
    results: tuple[Result, ...] = ()
    tools: tuple[Tool, ...] = ()
    forced: bool = False
    wanted: str = ""
    parallel: bool = True
    thinks: bool = False
    shows_thinking: bool = True
    limit: int | None = None
    stops: tuple[str, ...] = ()
    schema: Json | None = None
    wants_json: bool = False
    compacts: bool = False
    searches: bool = False
    images: int = 0


def from_messages(body: Json, model: Model) -> Question:
    """Reads a request to /v1/messages that passed the checks."""
    thinking = body.get("thinking") or {}
    choice = body.get("tool_choice") or {}
    tools = [] if choice.get("type") == "none" else body.get("tools") or []
    output_format = (body.get("output_config") or {}).get("format") or {}
    turns = [m for m in body["messages"] if m["role"] != "system"]
    newest = _newest_user(turns)
    blocks = _blocks(newest)
    return Question(
        model=model,
        said=human(_texts(blocks)),
        results=tuple(_results(turns, blocks)),
        tools=tuple(Tool(name=t["name"], schema=t.get("input_schema") or {}) for t in tools),
        forced=choice.get("type") in {"any", "tool"},
        wanted=choice.get("name", ""),
        parallel=not choice.get("disable_parallel_tool_use"),
        thinks=thinking.get("type") in {"enabled", "adaptive"},
        shows_thinking=_shows(thinking, model),
        limit=int(body["max_tokens"]),
        stops=tuple(body.get("stop_sequences") or ()),
        schema=output_format.get("schema"),
        images=sum(b.get("type") == "image" for b in blocks),
    )


def from_chat(body: Json, model: Model) -> Question:
    """Reads a request to /chat/completions that passed the checks."""
    choice = body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else ""
    tools = [] if choice == "none" else body.get("tools") or []
    output_format = body.get("response_format") or {}
    turns = [m for m in body["messages"] if m["role"] not in {"system", "developer"}]
    newest, results = _newest_chat(turns)
    stop = body.get("stop") or ()
    effort, budget = body.get("reasoning_effort"), body.get("thinking_budget")
    parts = _blocks(newest)
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    return Question(
        model=model,
        said=human(_texts(parts)),
        results=results,
        tools=tuple(Tool(name=t["function"]["name"], schema=t["function"].get("parameters") or {}) for t in tools),
        forced=choice == "required" or bool(named),
        wanted=named,
        parallel=body.get("parallel_tool_calls") is not False,
        thinks=bool(effort and effort != "none") or bool(budget),
        limit=int(limit) if limit else None,
        stops=(stop,) if isinstance(stop, str) else tuple(stop),
        schema=_schema(output_format, model),
        wants_json=output_format.get("type") == "json_object",
        images=sum(p.get("type") == "image_url" for p in parts),
    )


def _schema(output_format: Json, model: Model) -> Json | None:
    """The schema that the answer is held to; Gemini takes one and pays no heed."""
    is_heeded = output_format.get("type") == "json_schema" and model.structured and not model.is_gemini
    return dict(output_format["json_schema"]["schema"]) if is_heeded else None


def _shows(thinking: Json, model: Model) -> bool:
    # Newer models think behind a curtain unless asked to summarise.
    display = thinking.get("display", "summarized" if model.claude_version < (4, 7) else "omitted")
    return bool(display != "omitted")


def _newest_user(turns: list[Json]) -> Json:
    return next((m for m in reversed(turns) if m["role"] == "user"), {})


def _newest_chat(turns: list[Json]) -> tuple[Json, tuple[Result, ...]]:
    """The newest user message after the last assistant, and the tool results beside it."""
    tail: list[Json] = []
    for turn in reversed(turns):
        if turn["role"] == "assistant" and tail:
            break
        if turn["role"] != "assistant":
            tail.insert(0, turn)
    results = tuple(
        Result(tool=_name_of(turns, m.get("tool_call_id")), text="\n".join(_texts(_blocks(m))))
        for m in tail
        if m["role"] == "tool"
    )
    spoken = [m for m in tail if m["role"] == "user"]
    return (spoken[-1] if spoken else {}), results


def _results(turns: list[Json], blocks: list[Json]) -> Iterator[Result]:
    names = {b["id"]: b["name"] for m in turns for b in _blocks(m) if b.get("type") == "tool_use"}
    for block in blocks:
        if block.get("type") == "tool_result":
            text = "\n".join(_texts(_blocks(block)))
            name = names.get(block["tool_use_id"], "")
            yield Result(tool=name, text=text, is_error=bool(block.get("is_error")))


def _name_of(turns: list[Json], call_id: Any) -> str:
    calls = [c for m in turns for c in m.get("tool_calls") or ()]
    return next((c["function"]["name"] for c in calls if c["id"] == call_id), "")


def _blocks(message: Json) -> list[Json]:
    content = message.get("content") or []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _texts(blocks: list[Json]) -> list[str]:
    return [b["text"] for b in blocks if b.get("type") == "text"]


def human(texts: Iterable[str], tags: Iterable[str] = HARNESS_TAGS) -> str:
    """What a person typed: the texts without what a client put between `tags`."""
    pieces = (_without(text, tags).strip() for text in texts)
    return "\n".join(piece for piece in pieces if piece)


def _without(text: str, tags: Iterable[str]) -> str:
    for tag in tags:
        before, opened, rest = text.partition(f"<{tag}>")
        kept = [before]
        while opened and f"</{tag}>" in rest:
            before, opened, rest = rest.partition(f"</{tag}>")[2].partition(f"<{tag}>")
            kept.append(before)
        text = "".join(kept) + opened + rest
    return text
