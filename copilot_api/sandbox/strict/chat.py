"""What /chat/completions refuses, apart from tools and turns. Source: copilot-upstream.md §3.1 and §8."""

from collections.abc import Callable

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import estimate
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.seen import Seen
from copilot_api.sandbox.strict import chat_tools, chat_turns, sampling, schemas, structure

# Not proven to work, and some proven not to. `store` and `n` have words of their own.
UNSUPPORTED = ("service_tier", "metadata", "logit_bias", "logprobs", "seed", "audio", "modalities", "web_search_options")


def check(body: Json, model: Model, seen: Seen) -> None:
    """Raises Refusal for the first rule broken."""
    structure.check(body)
    for rule in RULES:
        rule(body, model)
    chat_tools.check(body, model)
    chat_turns.check(body, model, sees=seen.sees)
    _prompt_fits(body, model)


def _fields_are_supported(body: Json, _model: Model) -> None:
    if body.get("store"):
        raise Refusal("store is not supported", code="unsupported_value", param="store")
    for name in UNSUPPORTED:
        if body.get(name) not in (None, False):
            raise Refusal(f"Unsupported parameter: '{name}' is not supported with this model.", param=name)


def _cap_is_named_right(body: Json, model: Model) -> None:
    if model.is_openai_reasoning and body.get("max_tokens") is not None:
        raise Refusal(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )


def _cap_fits(body: Json, model: Model) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        cap = structure.number(body, name, low=1)
        if cap is not None and model.max_output is not None and cap > model.max_output:
            raise Refusal(
                f"{name} is too large: {cap:g}. This model supports at most {model.max_output} completion tokens, "
                f"whereas you provided {cap:g}.",
                code="invalid_value",
                param=name,
            )


def _sampling_is_default(body: Json, model: Model) -> None:
    if model.is_claude:
        sampling.check_claude(body, model)
    else:
        sampling.check_openai(body, model)


def _effort_is_listed(body: Json, model: Model) -> None:
    effort = body.get("reasoning_effort")
    if effort is None:
        return
    if not model.efforts:
        raise Refusal("Unsupported parameter: 'reasoning_effort' is not supported with this model.", param="reasoning_effort")
    if effort not in model.efforts:
        listed = ", ".join(f"'{level}'" for level in model.efforts)
        raise Refusal(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. "
            f"Supported values are: {listed}.",
            code="unsupported_value",
            param="reasoning_effort",
        )


def _budget_is_possible(body: Json, model: Model) -> None:
    budget = structure.number(body, "thinking_budget")
    if budget is None:
        return
    if model.thinking_budget is None:
        raise Refusal("Unsupported parameter: 'thinking_budget' is not supported with this model.", param="thinking_budget")
    low, high = model.thinking_budget
    structure.number(body, "thinking_budget", low=low, high=high)


def _choices_are_possible(body: Json, model: Model) -> None:
    choices = structure.number(body, "n", low=1, high=8)
    if choices not in {None, 1} and model.vendor not in {"OpenAI", "Azure OpenAI"}:
        raise Refusal(
            "Unsupported value: 'n' does not support more than 1 with this model.", code="unsupported_value", param="n"
        )


def _format_is_supported(body: Json, model: Model) -> None:
    wanted = structure.an_object(body, "response_format")
    if not wanted:
        return
    kind = wanted.get("type")
    if kind is None:
        raise Refusal("Missing required parameter: 'response_format.type'.", param="response_format.type")
    if kind not in ("text", "json_object", "json_schema"):
        raise Refusal(f"Invalid value: '{kind}'. Supported values are: 'text', 'json_object', and 'json_schema'.")
    if kind != "json_schema" or model.is_gemini:  # Gemini takes it and pays no heed
        return
    if not model.structured:
        raise Refusal(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            param="response_format",
        )
    schema = structure.an_object(wanted, "json_schema", "response_format.json_schema")
    if not isinstance(schema.get("name"), str) or not isinstance(schema.get("schema"), dict):
        raise Refusal("Missing required parameter: 'response_format.json_schema'.", param="response_format.json_schema")
    schemas.check(schema["schema"], "response_format.json_schema.schema")


def _stops_are_few(body: Json, _model: Model) -> None:
    stop = body.get("stop")
    if stop is None or isinstance(stop, str):
        return
    if not isinstance(stop, list) or not all(isinstance(s, str) and s for s in stop):
        raise Refusal("Invalid type for 'stop': expected a string or an array of strings.", param="stop")
    if len(stop) > 4:
        raise Refusal(
            f"Invalid 'stop': array too long. Expected an array with maximum length 4, but got {len(stop)}.", param="stop"
        )


def _stream_options_need_a_stream(body: Json, _model: Model) -> None:
    structure.an_object(body, "stream_options")
    if body.get("stream_options") is not None and not body.get("stream"):
        raise Refusal("The 'stream_options' parameter is only allowed when 'stream' is enabled.", param="stream_options")


def _prompt_fits(body: Json, model: Model) -> None:
    count = estimate.prompt_tokens(body["messages"], body.get("tools"))
    if model.max_prompt is not None and count > model.max_prompt:
        raise Refusal(
            f"prompt token count of {count} exceeds the limit of {model.max_prompt}", code="model_max_prompt_tokens_exceeded"
        )


RULES: tuple[Callable[[Json, Model], None], ...] = (
    _fields_are_supported,
    _cap_is_named_right,
    _cap_fits,
    _sampling_is_default,
    _effort_is_listed,
    _budget_is_possible,
    _choices_are_possible,
    _format_is_supported,
    _stops_are_few,
    _stream_options_need_a_stream,
)
