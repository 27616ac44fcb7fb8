"""How each family of models behaves on the wire: the quirks of the real thing, fixed by model so that tests can rely on them.

Source: copilot-upstream.md §3.2, §3.3, §4.3, §6. Where the source does not say which family has a quirk, the sandbox chooses.
"""

import re
from dataclasses import dataclass
from typing import Literal

from copilot_api.dialects.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One family.

    `backend` shows in Claude's ids. `splits_choices`: text and each tool call in a choice of its own. `usage_on_finish`: usage
    rides on the finish chunk, asked for or not, instead of a trailing chunk. `tool_index`: stream fragments of tool calls are
    numbered, not numbered, or all numbered 0. `whole_arguments`: a call's arguments come in one piece. `stop_after_tools`: the
    finish reason says "stop" though tools were called. `opaque`: where the reasoning signature comes. `loose_chunks`: content
    chunks with `role: null`, `model: ""` and filter offsets. `obfuscates`: random filler in each delta.

    On /responses: `interleaves`: the arguments of parallel calls are streamed by turns. `late_summary`: a summary of reasoning
    is not streamed, it stands in the finished item. `splits_messages`: each paragraph is a message of its own. `stray_done`:
    `[DONE]` after the end. `tier`: the service tier it says it used. `late_seals`: reasoning it cannot read is found out only
    after the stream has begun.
    """

    backend: Literal["bdrk", "vrtx", ""] = ""
    splits_choices: bool = False
    usage_on_finish: bool = False
    tool_index: Literal["counted", "absent", "zero"] = "counted"
    whole_arguments: bool = False
    stop_after_tools: bool = False
    opaque: Literal["with_text", "after_text", "after_finish", "cot"] = "after_finish"
    loose_chunks: bool = False
    obfuscates: bool = False
    interleaves: bool = False
    late_summary: bool = False
    splits_messages: bool = False
    stray_done: bool = False
    tier: Literal["default", "priority", ""] = "default"
    late_seals: bool = False


_GEMINI = Traits(usage_on_finish=True, tool_index="absent", whole_arguments=True, stop_after_tools=True, opaque="after_text")
_GROK = Traits(opaque="cot", stray_done=True, tier="", late_seals=True)
_KIMI = Traits(tool_index="zero", opaque="after_text")
_GPT = Traits(loose_chunks=True)
_GPT_REASONING = Traits(obfuscates=True, interleaves=True)
_GPT_CODEX = Traits(obfuscates=True, late_summary=True, stray_done=True)
# Those that know Codex's own protocol: what the catalog calls tool search.
_GPT_SEARCHING = Traits(obfuscates=True, interleaves=True, splits_messages=True, tier="priority")

_BACKENDS: dict[str, Literal["bdrk", "vrtx", ""]] = {"haiku": "bdrk", "sonnet": "vrtx", "opus": ""}
_RELEASES = {
    "claude-haiku-4.5": "20251001",
    "claude-sonnet-4.6": "20260217",
    "claude-opus-4.5": "20251101",
    "gpt-5-mini": "2025-08-07",
}


def of(model: Model) -> Traits:
    """The quirks of a model's family."""
    if model.is_claude:
        line = next((name for name in _BACKENDS if name in model.id), "opus")
        return Traits(splits_choices=True, usage_on_finish=True, opaque="with_text", backend=_BACKENDS[line])
    if model.is_gemini:
        return _GEMINI
    if model.is_openai_reasoning:
        return _GPT_CODEX if "codex" in model.id else _GPT_SEARCHING if searches_tools(model) else _GPT_REASONING
    return {"xAI": _GROK, "Moonshot AI": _KIMI}.get(model.vendor, _GPT)


def searches_tools(model: Model) -> bool:
    """Whether the model takes tools as items of the conversation: deferred, searched for, added later."""
    return bool(model.raw.get("capabilities", {}).get("supports", {}).get("tool_search"))


def dated_name(model: Model) -> str:
    """The name the answer carries, which is rarely the one that was asked for."""
    release = _RELEASES.get(model.id, "20260601" if model.is_claude else "")
    name = model.id.replace(".", "-") if model.is_claude else model.id
    if release:
        return f"{name}-{release}"
    version = model.raw.get("version")
    return version if isinstance(version, str) and re.search(r"\d{4}-\d\d", version) else name
