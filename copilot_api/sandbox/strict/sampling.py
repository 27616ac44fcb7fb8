"""Temperature and its kin, which newer models refuse."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import structure


def check_claude(body: Json, model: Model) -> None:
    """Claude from 4.7 on takes only the default; 4.5 and 4.6 take temperature or top_p, not both."""
    temperature = structure.number(body, "temperature", low=0, high=1)
    top_p = structure.number(body, "top_p", low=0, high=1)
    top_k = structure.number(body, "top_k", low=0)
    if model.claude_version >= (4, 7):
        if temperature not in {None, 1}:
            raise _deprecated("temperature")
        if top_p is not None:
            raise _deprecated("top_p")
        if top_k is not None:
            raise _deprecated("top_k")
    elif model.claude_version >= (4, 5) and temperature is not None and top_p is not None:
        raise Refusal("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")


def check_openai(body: Json, model: Model) -> None:
    """OpenAI's reasoning models take only the default."""
    for name, high in (("temperature", 2), ("top_p", 1)):
        value = structure.number(body, name, low=0, high=high)
        if model.is_openai_reasoning and value not in {None, 1}:
            raise Refusal(
                f"Unsupported value: '{name}' does not support {value:g} with this model. "
                "Only the default (1) value is supported.",
                code="unsupported_value",
                param=name,
            )


def _deprecated(name: str) -> Refusal:
    return Refusal(f"`{name}` is deprecated for this model.", param=name)
