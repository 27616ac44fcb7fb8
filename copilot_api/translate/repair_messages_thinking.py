"""Thinking in a request to /v1/messages: what comes back of it, and how it is asked for. Source: copilot-upstream §6.1."""

from collections.abc import Callable

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string, whole_or_none
from copilot_api.translate import carrier
from copilot_api.translate.repair import Target, each, each_message, without
from copilot_api.translate.repair_messages_turns import THINKING


def history(body: Json, _target: Target) -> Json:
    """Only reasoning that Anthropic signed comes back to Anthropic."""
    return keeping_thinking(body, _is_own_thinking)


def keeping_thinking(body: Json, is_kept: Callable[[Json], bool]) -> Json:
    """`body` with only those blocks in its history that `is_kept`."""
    return each_message(body, lambda m: each(m, "content", lambda b: b if is_kept(b) else None))


def paused(body: Json, _target: Target | None = None) -> Json:
    """`body` without thinking, where the newest turn calls tools and its thinking is lost: the two do not go together."""
    if obj(body.get("thinking")).get("type") != "enabled":
        return body
    newest = next((m for m in reversed(objs(body.get("messages"))) if m.get("role") == "assistant"), {})
    kinds = [string(block.get("type")) for block in objs(newest.get("content"))]
    return without(body, "thinking") if "tool_use" in kinds and kinds[0] not in THINKING else body


def _is_own_thinking(block: Json) -> bool:
    match block.get("type"):
        case "thinking":
            signature = string(block.get("signature"))
            return bool(signature) and not signature.startswith(carrier.PREFIX)
        case "redacted_thinking":
            data = string(block.get("data"))
            return bool(data) and not data.startswith(carrier.PREFIX)
        case _:
            return True


def fitted(body: Json, target: Target) -> Json:
    """Thinking as the model takes it: adaptive, with a budget within its bounds, or not at all."""
    thinking, model = body.get("thinking"), target.model
    if not isinstance(thinking, dict) or thinking.get("type") == "disabled":
        return body
    if thinking.get("type") == "adaptive" and model.adaptive_thinking:
        shown = thinking.get("display")
        known = shown == "summarized" or shown == "omitted"
        return body if known else body | {"thinking": thinking | {"display": "summarized"}}
    # The catalog names a budget for models that take none any more.
    has_budget = model.thinking_budget is not None and model.claude_version < (4, 7)
    if thinking.get("type") == "enabled" and model.adaptive_thinking and not has_budget:
        return body | {"thinking": {"type": "adaptive", "display": "summarized"}}
    if model.thinking_budget is None:
        return without(body, "thinking")
    return _with_budget(body, thinking, model.thinking_budget)


def _with_budget(body: Json, thinking: Json, bounds: tuple[int, int]) -> Json:
    low, high = bounds
    cap = whole_or_none(body.get("max_tokens")) or 0
    asked = whole_or_none(thinking.get("budget_tokens"))
    budget = max(low, min(high if asked is None else asked, high, cap - 1))
    if budget >= cap:
        return without(body, "thinking")
    fitting = {"type": "enabled", "budget_tokens": budget}
    return (
        body
        if {"type": thinking.get("type"), "budget_tokens": asked} == fitting and len(thinking) == 2
        else body | {"thinking": fitting}
    )
