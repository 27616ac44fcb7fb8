"""What /v1/messages refuses, apart from tools and turns. Source: copilot-upstream.md §6.1, §6.2."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import estimate
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.strict import markers, messages_tools, messages_turns, sampling, schemas, structure

BETAS = frozenset(
    {
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "advanced-tool-use-2025-11-20",
        "extended-cache-ttl-2025-04-11",
    }
)
FIELDS = frozenset(
    {
        "model",
        "messages",
        "system",
        "max_tokens",
        "stream",
        "tools",
        "tool_choice",
        "stop_sequences",
        "metadata",
        "thinking",
        "output_config",
        "temperature",
        "top_p",
        "top_k",
        "context_management",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a rule may look at beside the body. `thought_calls` are the ids of tool calls that came with thinking."""

    model: Model
    betas: frozenset[str] = frozenset()
    thought_calls: AbstractSet[str] = field(default_factory=frozenset)


def context(seen: Seen, model: Model, thought_calls: AbstractSet[str]) -> Context:
    """The context of a request. Raises Refusal for a beta that Copilot does not know."""
    betas = [b.strip() for b in seen.headers.get("anthropic-beta", "").split(",") if b.strip()]
    if unknown := [b for b in betas if b not in BETAS]:
        listed = ", ".join(f"`{b}`" for b in unknown)
        raise Refusal(f"Unexpected value(s) {listed} for the `anthropic-beta` header.")
    return Context(model=model, betas=frozenset(betas), thought_calls=thought_calls)


def check(body: Json, asked: Context) -> None:
    """Raises Refusal for the first rule broken."""
    check_countable(body, asked)
    for rule in RULES:
        rule(body, asked)
    messages_turns.check_thinking_is_kept(body, asked.thought_calls)
    messages_turns.check_end(body, asked.model)
    _prompt_fits(body, asked.model)


def check_countable(body: Json, asked: Context) -> None:
    """The rules that hold for counting tokens as well: the form of everything the model reads."""
    structure.check(body)
    _fields_are_known(body, asked)
    _system_is_text(body, asked)
    messages_tools.check(body, asked.model, asked.betas)
    messages_turns.check(body, asked.model, asked.betas)
    markers.check(body, asked.betas)


def extra(path: str) -> Refusal:
    """The refusal of a field that is not known there."""
    return Refusal(f"{path}: Extra inputs are not permitted")


def _fields_are_known(body: Json, asked: Context) -> None:
    for name in body:
        if name not in FIELDS:
            raise extra(name)
    if "context_management" in body and "context-management-2025-06-27" not in asked.betas:
        raise extra("context_management")
    for name in structure.an_object(body, "metadata"):
        if name != "user_id":
            raise extra(f"metadata.{name}")


def _cap_is_possible(body: Json, asked: Context) -> None:
    model = asked.model
    if body.get("max_tokens") is None:
        raise Refusal("max_tokens: Field required")
    cap = structure.number(body, "max_tokens", low=0) or 0
    if model.max_output is not None and cap > model.max_output:
        raise Refusal(
            f"max_tokens: {cap:.0f} > {model.max_output}, which is the maximum allowed number of output tokens for {model.id}"
        )
    if not body.get("stream") and model.max_output_whole is not None and cap > model.max_output_whole:
        raise Refusal(
            f"max_tokens: {cap:.0f} > {model.max_output_whole}, which is the maximum for a request that is not streamed. "
            "Streaming is required for longer answers."
        )


def _system_is_text(body: Json, _asked: Context) -> None:
    system = body.get("system")
    if system is None:
        return
    if isinstance(system, str):
        blocks: list[Json] = [{"type": "text", "text": system}] if system else []
    else:
        blocks = structure.objects(body, "system")
    for i, block in enumerate(blocks):
        if block.get("type") != "text" or not isinstance(block.get("text"), str):
            raise Refusal(f"system.{i}.type: Input should be 'text'")
        for name in block.keys() - {"type", "text", "cache_control", "citations"}:
            raise extra(f"system.{i}.{name}")
        if not block["text"].strip():
            raise Refusal("system: text content blocks must contain non-whitespace text")


def _stops_say_something(body: Json, _asked: Context) -> None:
    stops = body.get("stop_sequences")
    if stops is None:
        return
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise Refusal("stop_sequences: Input should be a valid list of strings")
    if any(not stop.strip() for stop in stops):
        raise Refusal("stop_sequences: each stop sequence must contain non-whitespace")


def _sampling_is_possible(body: Json, asked: Context) -> None:
    sampling.check_claude(body, asked.model)
    thinks = structure.an_object(body, "thinking").get("type") in ("enabled", "adaptive")
    if thinks and body.get("temperature") not in {None, 1}:
        raise Refusal("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.", param="temperature")


def _thinking_is_possible(body: Json, asked: Context) -> None:
    thinking = structure.an_object(body, "thinking")
    kind = thinking.get("type")
    if not thinking or kind == "disabled":
        return
    if thinking.get("display", "summarized") not in ("summarized", "omitted", "updates"):
        raise Refusal(f"thinking.{kind}.display: Input should be 'summarized', 'omitted' or 'updates'")
    if kind == "enabled":
        _budget_is_possible(body, thinking, asked.model)
    elif kind != "adaptive":
        raise Refusal("thinking: Input tag should be 'adaptive', 'disabled' or 'enabled'")
    elif not asked.model.adaptive_thinking:
        raise Refusal("adaptive thinking is not supported on this model")
    elif "budget_tokens" in thinking:
        raise extra("thinking.adaptive.budget_tokens")
    if structure.an_object(body, "tool_choice").get("type") in ("any", "tool"):
        raise Refusal("Thinking may not be enabled when tool_choice forces tool use.")


def _budget_is_possible(body: Json, thinking: Json, model: Model) -> None:
    if model.claude_version >= (4, 7) or model.thinking_budget is None:
        raise Refusal(
            '"thinking.type.enabled" is not supported for this model. '
            'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    path = "thinking.enabled.budget_tokens"
    if thinking.get("budget_tokens") is None:
        raise Refusal(f"{path}: Field required")
    low, high = model.thinking_budget
    budget = structure.number(thinking, "budget_tokens", path, low=low, high=high)
    if budget is not None and budget >= (structure.number(body, "max_tokens") or 0):
        raise Refusal("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _output_is_possible(body: Json, asked: Context) -> None:
    config = structure.an_object(body, "output_config")
    for name in config.keys() - {"effort", "format"}:
        raise extra(f"output_config.{name}")
    effort = config.get("effort")
    if effort is not None and not asked.model.efforts:
        raise Refusal("This model does not support the effort parameter.")
    if effort is not None and effort not in asked.model.efforts:
        listed = ", ".join(asked.model.efforts)
        raise Refusal(f"This model does not support effort level '{effort}'. Supported levels: {listed}.")
    wanted = structure.an_object(config, "format", "output_config.format")
    if not wanted:
        return
    if not asked.model.structured:
        raise Refusal("output_config.format: structured outputs are not supported on this model")
    if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
        raise Refusal("output_config.format.schema: Field required")
    schemas.check(wanted["schema"], "output_config.format.schema")


def _prompt_fits(body: Json, model: Model) -> None:
    count = estimate.prompt_tokens(body.get("system"), body["messages"], body.get("tools"))
    if model.max_prompt is not None and count > model.max_prompt:
        raise Refusal(f"prompt is too long: {count} tokens > {model.max_prompt} maximum")


RULES: tuple[Callable[[Json, Context], None], ...] = (
    _cap_is_possible,
    _stops_say_something,
    _sampling_is_possible,
    _thinking_is_possible,
    _output_is_possible,
)
