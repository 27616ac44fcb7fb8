"""How hard a model shall think: levels, token budgets, and what each model takes of them. Rules: translation.md §1.1."""

from collections.abc import Callable, Sequence

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.translate.fields import Fields

LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_THINKING_LEVELS = LEVELS[1:]

_BUDGETS = {"minimal": 4096, "low": 4096, "medium": 10_000, "high": 24_000}
_SUMMARY = {"summary": "auto"}
_LOW_BELOW, _MEDIUM_BELOW = 4_000, 16_000

SAMPLING_WHILE_THINKING: dict[str, Callable[[float], bool]] = {
    "temperature": lambda number: number == 1,
    "top_p": lambda number: number >= 0.95,
}
"""What Anthropic's models take of each sampling number while they think. Source: Anthropic's documentation of thinking."""


def for_chat(
    thinking: Fields, config: Fields, model: Model, *, most_output: int | None, forced: bool, may_budget: bool
) -> Json:
    """Takes what it can of `thinking` and `output_config.effort`; returns the fields of a Chat request.

    A Claude that is `forced` to call a tool cannot think. `may_budget` is False when the newest answer calls tools without
    showing its thinking, which Claude demands while a budget is set.
    """
    kind = thinking.peek("type")
    if kind == "disabled":
        return _off_for_chat(thinking, model)
    if model.is_claude and forced:
        return {}
    wanted = config.peek("effort")
    budget = thinking.whole("budget_tokens") if kind == "enabled" else None
    level = nearest(wanted, model.efforts)
    if kind == "adaptive" and not level and wanted in _THINKING_LEVELS:
        budget = _budget(wanted, model)
    fitted = _fit(budget, model, most_output) if model.is_claude and may_budget else None
    if not fitted and not level and budget is not None:
        level = nearest(_level_of(budget), model.efforts)
    said: Json = ({"thinking_budget": fitted} if fitted else {}) | ({"reasoning_effort": level} if level else {})
    if said or (kind == "adaptive" and model.efforts):
        thinking.take("type")
    if level == wanted or (fitted and kind == "adaptive"):
        config.take("effort")
    return said


def chat_from_responses(reasoning: Fields, model: Model, *, most_output: int | None, forced: bool, may_budget: bool) -> Json:
    """Takes `effort` and `summary` of a Responses request's `reasoning`; returns the fields of a Chat request, like `for_chat`.

    Reasoning comes with a chat answer whenever there is some to show.
    """
    reasoning.take("summary")
    is_off = reasoning.peek("effort") == "none"
    thinking = Fields({"type": "disabled" if is_off else "adaptive"})
    said = for_chat(thinking, reasoning, model, most_output=most_output, forced=forced, may_budget=may_budget)
    if is_off and "type" not in thinking:
        reasoning.take("effort")
    return said


def for_responses(thinking: Fields, config: Fields, model: Model) -> Json:
    """Takes what it can of `thinking` and `output_config.effort`; returns `reasoning` for Responses.

    A summary is asked for when the client thinks and does not say that it leaves the thoughts out.
    """
    kind, wanted = thinking.peek("type"), config.peek("effort")
    if kind == "disabled":
        level = _least(model)
        if level in {"none", None}:
            thinking.take("type")
        return {"reasoning": {"effort": level}} if level else {}
    budget = thinking.whole("budget_tokens") if kind == "enabled" else None
    level = _listed(wanted, budget, model)
    if level == wanted:
        config.take("effort")
    shown = {}
    if string(kind) in {"enabled", "adaptive"} and model.thinks:
        thinking.take("type")
        shown = {} if thinking.take("display") == "omitted" else _SUMMARY
    said = ({"effort": level} if level else {}) | shown
    return {"reasoning": said} if said else {}


def responses_from_chat(fields: Fields, model: Model) -> Json:
    """Takes `reasoning_effort` and Copilot's `thinking_budget` of a Chat request; returns `reasoning` for Responses.

    A client that asks for reasoning gets to see a summary of it; chat has no other word for that.
    """
    wanted, budget = fields.peek("reasoning_effort"), fields.whole("thinking_budget")
    level = _least(model) if wanted == "none" else _listed(wanted, budget, model)
    if level == wanted or (wanted == "none" and not model.thinks):
        fields.take("reasoning_effort")
    if budget is not None and not level:
        fields.lose("thinking_budget")
    return {"reasoning": {"effort": level} | ({} if level == "none" else _SUMMARY)} if level else {}


def for_messages(
    fields: Fields,
    model: Model,
    *,
    most_output: int,
    forced: bool,
    may_budget: bool,
    key: str = "reasoning_effort",
) -> Json:
    """Takes the effort at `key` and Copilot's `thinking_budget`; returns `thinking` and `output_config` for Messages.

    The same two conditions as in `for_chat`; Anthropic refuses thinking together with a `forced` tool call.
    """
    wanted, budget = fields.peek(key), fields.whole("thinking_budget")
    budgeted = model.thinking_budget is not None and not model.adaptive_thinking
    level = wanted if wanted in LEVELS else None if budget is None else _level_of(budget)
    if level == "none":
        said: Json = {"thinking": {"type": "disabled"}} if model.adaptive_thinking or model.thinking_budget else {}
    elif level is None or forced or (budgeted and not may_budget):
        said = {}
    else:
        said = _budgeted(level, budget, model, most_output) if budgeted else _levelled(level, model)
    is_off = level == "none" and (bool(said) or not model.thinks)
    if is_off or "budget_tokens" in said.get("thinking", {}) or said.get("output_config", {}).get("effort") == wanted:
        fields.take(key)
    if budget is not None and not said:
        fields.lose("thinking_budget")
    return said


def nearest(wanted: object, listed: Sequence[str]) -> str | None:
    """The listed level closest to `wanted`, the cheaper of two; None when nothing listed means any effort."""
    if isinstance(wanted, str) and wanted in listed:
        return wanted
    candidates = [level for level in _THINKING_LEVELS if level in listed]
    if wanted not in _THINKING_LEVELS or not candidates:
        return None
    at = LEVELS.index(str(wanted))
    return min(candidates, key=lambda level: abs(LEVELS.index(level) - at))


def _listed(wanted: object, budget: int | None, model: Model) -> str | None:
    """The level that `model` lists for what was asked for: by name, or else by a budget in tokens."""
    return nearest(wanted, model.efforts) or (None if budget is None else nearest(_level_of(budget), model.efforts))


def _least(model: Model) -> str | None:
    """The nearest to no reasoning at all that `model` can do; None for one that has no levels."""
    return "none" if "none" in model.efforts else nearest(_THINKING_LEVELS[0], model.efforts)


def _off_for_chat(thinking: Fields, model: Model) -> Json:
    listed = "none" in model.efforts
    if listed or model.is_claude or not model.thinks:  # Claude on chat does not think unless it is asked to
        thinking.take("type")
    return {"reasoning_effort": "none"} if listed else {}


def _levelled(level: str, model: Model) -> Json:
    thinking: Json = {"thinking": {"type": "adaptive", "display": "summarized"}} if model.adaptive_thinking else {}
    listed = nearest(level, model.efforts)
    return thinking | ({"output_config": {"effort": listed}} if listed else {})


def _budgeted(level: str, budget: int | None, model: Model, most_output: int) -> Json:
    fitted = _fit(_budget(level, model) if budget is None else budget, model, most_output)
    return {"thinking": {"type": "enabled", "budget_tokens": fitted}} if fitted else {}


def _level_of(budget: int) -> str:
    return "low" if budget < _LOW_BELOW else "medium" if budget < _MEDIUM_BELOW else "high"


def _budget(level: str, model: Model) -> int | None:
    """Tokens for a level; what is above "high" gets all that the model takes."""
    most = model.thinking_budget[1] if model.thinking_budget else None
    return _BUDGETS.get(level, most)


def _fit(budget: int | None, model: Model, most_output: int | None) -> int | None:
    """`budget` within what the model takes, and smaller than the whole output; None when there is no such number."""
    if budget is None or model.thinking_budget is None:
        return None
    least, most = model.thinking_budget
    room = most if most_output is None else min(most, most_output - 1)
    fitted = min(max(budget, least), room)
    return fitted if fitted >= least else None
