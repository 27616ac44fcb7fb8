"""What /responses refuses, apart from tools and items. Source: copilot-upstream.md §4.1, §4.2 and §8."""

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import estimate
from copilot_api.sandbox.replies import Refusal


def check(body: Json, model: Model) -> None:
    """Raises Refusal for the first rule broken."""
    _check_input(body.get("input"))
    if body.get("store"):
        raise Refusal("store is not supported", code="unsupported_value", param="store")
    _prompt_fits(body, model)


def _check_input(given: object) -> None:
    if given is None or given == "" or given == []:
        raise Refusal("Missing required parameter: 'input'.", code="missing_required_parameter", param="input")
    if isinstance(given, str):
        return
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        kind = "object" if isinstance(given, dict) else type(given).__name__
        raise Refusal(
            f"Invalid type for 'input': expected a string or an array of objects, but got an {kind} instead.",
            code="invalid_type",
            param="input",
        )


def _prompt_fits(body: Json, model: Model) -> None:
    count = estimate.prompt_tokens(body.get("instructions"), body["input"], body.get("tools"))
    if model.max_prompt is not None and count > model.max_prompt:
        raise Refusal(
            f"prompt token count of {count} exceeds the limit of {model.max_prompt}", code="model_max_prompt_tokens_exceeded"
        )
