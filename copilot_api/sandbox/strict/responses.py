"""What /responses refuses, apart from tools and items. Source: copilot-upstream.md §4.1, §4.2 and §8.

A field is taken if Copilot's own editor sends it or other proxies saw it work; one that the Responses API knows but that nobody
saw work here is refused as unsupported, and any other as unknown: among them Codex's `client_metadata`.
"""

import re
from collections.abc import Callable
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import estimate
from copilot_api.sandbox.connection import Connection
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import responses_items, responses_tools, responses_turns, schemas, structure
from copilot_api.sandbox.strict.responses_values import flag, one_of, optional_text, refuse_unknown, whole_number

LEAST_OUTPUT_TOKENS = 16

FIELDS = frozenset(
    {
        "model",
        "input",
        "instructions",
        "stream",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_output_tokens",
        "store",
        "text",
        "reasoning",
        "include",
        "truncation",
        "context_management",
        "prompt_cache_key",
        "previous_response_id",
    }
)
UNSUPPORTED = (
    "temperature",
    "top_p",
    "service_tier",
    "background",
    "conversation",
    "prompt",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_retention",
    "prompt_cache_options",
    "max_tool_calls",
    "top_logprobs",
    "stream_options",
    "moderation",
)
INCLUDABLE = (
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "web_search_call.action.sources",
    "web_search_call.results",
    "file_search_call.results",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
)
# The first families, which know nothing of compaction on the server.
_NO_CONTEXT_MANAGEMENT = re.compile(r"gpt-5(?:\.[12])?(?:-|$)")


def check(body: Json, model: Model, connection: Connection, *, sees: bool, web_search: bool) -> None:
    """Raises Refusal for the first rule broken. `sees`: the request carries Copilot-Vision-Request; `web_search`: that hosted
    tool is on.
    """
    for rule in RULES:
        rule(body, model)
    responses_tools.check(body, model, web_search=web_search)
    items = responses_items.check(body["input"], model, sees=sees, web_search=web_search)
    tools = [*structure.objects(body, "tools"), *(tool for item in items for tool in structure.objects(item, "tools"))]
    responses_tools.check_choice(body.get("tool_choice"), tools, web_search=web_search)
    responses_turns.check(items, connection)
    _prompt_fits(body, model)


def check_input(body: Json, _model: Model) -> None:
    """Raises Refusal unless there is an input, of objects if not a text: without one there is nothing to look at."""
    given = body.get("input")
    if given is None or given in ("", []):
        raise Refusal("Missing required parameter: 'input'.")
    if isinstance(given, str):
        return
    if not isinstance(given, list):
        kind = "object" if isinstance(given, dict) else type(given).__name__
        raise Refusal(f"Invalid type for 'input': expected a string or an array of objects, but got an {kind} instead.")
    for i, item in enumerate(given):
        if not isinstance(item, dict):
            raise Refusal(f"Invalid type for 'input[{i}]': expected an object, but got a {type(item).__name__} instead.")


def _fields_are_supported(body: Json, _model: Model) -> None:
    if body.get("store"):
        raise Refusal("store is not supported", code="unsupported_value", param="store")
    for name in UNSUPPORTED:
        if body.get(name) not in (None, False, {}):
            raise Refusal(f"Unsupported parameter: '{name}' is not supported with this model.")
    refuse_unknown(body, FIELDS.union(UNSUPPORTED), "")


def _plain_fields_have_their_types(body: Json, _model: Model) -> None:
    for name in ("store", "stream", "parallel_tool_calls"):
        flag(body, name, name)
    for name in ("instructions", "prompt_cache_key", "previous_response_id"):
        optional_text(body, name, name)
    one_of(body, "truncation", "truncation", ("auto", "disabled"))
    for i, name in enumerate(_list(body, "include")):
        one_of({"name": name}, "name", f"include[{i}]", INCLUDABLE)


def _cap_fits(body: Json, model: Model) -> None:
    cap = whole_number(body, "max_output_tokens")
    if cap is not None and cap < LEAST_OUTPUT_TOKENS:
        raise Refusal(
            f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {LEAST_OUTPUT_TOKENS}, "
            f"but got {cap} instead."
        )
    if cap is not None and model.max_output is not None and cap > model.max_output:
        raise Refusal(
            f"Invalid 'max_output_tokens': integer above maximum value. Expected a value <= {model.max_output}, "
            f"but got {cap} instead."
        )


def _reasoning_is_possible(body: Json, model: Model) -> None:
    reasoning = structure.an_object(body, "reasoning")
    refuse_unknown(reasoning, {"effort", "summary", "generate_summary", "context", "mode"}, "reasoning.")
    one_of(reasoning, "summary", "reasoning.summary", ("auto", "concise", "detailed", "off"))
    one_of(reasoning, "context", "reasoning.context", ("auto", "all_turns", "current_turn"))
    effort = reasoning.get("effort")
    if effort is None:
        return
    if not model.efforts:
        raise Refusal("Unsupported parameter: 'reasoning.effort' is not supported with this model.")
    if effort not in model.efforts:
        listed = ", ".join(f"'{level}'" for level in model.efforts)
        raise Refusal(
            f"Unsupported value: '{effort}' is not supported with the '{model.id}' model. Supported values are: {listed}."
        )


def _text_is_possible(body: Json, model: Model) -> None:
    text = structure.an_object(body, "text")
    refuse_unknown(text, {"format", "verbosity"}, "text.")
    one_of(text, "verbosity", "text.verbosity", ("low", "medium", "high"))
    wanted = structure.an_object(text, "format", "text.format")
    if not wanted:
        return
    one_of(wanted, "type", "text.format.type", ("text", "json_object", "json_schema"))
    if wanted.get("type") == "json_object" and "json" not in str(body.get("input")).lower() + str(body.get("instructions")):
        raise Refusal(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'."
        )
    if wanted.get("type") != "json_schema":
        return
    if not model.structured:
        raise Refusal("Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model.")
    refuse_unknown(wanted, {"type", "name", "schema", "strict", "description"}, "text.format.")
    for name, kind in (("name", str), ("schema", dict)):
        if not isinstance(wanted.get(name), kind):
            raise Refusal(f"Missing required parameter: 'text.format.{name}'.")
    schemas.check(wanted["schema"], "text.format.schema")
    if wanted.get("strict"):
        schemas.check_strict(wanted["schema"], f"response_format '{wanted['name']}'")


def _context_management_is_possible(body: Json, model: Model) -> None:
    edits = structure.objects(body, "context_management")
    if edits and _NO_CONTEXT_MANAGEMENT.match(model.id):
        raise Refusal("Unsupported parameter: 'context_management' is not supported with this model.")
    for i, edit in enumerate(edits):
        refuse_unknown(edit, {"type", "compact_threshold"}, f"context_management[{i}].")
        one_of(edit, "type", f"context_management[{i}].type", ("compaction",))


def _list(body: Json, name: str) -> list[Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise Refusal(f"Invalid type for '{name}': expected an array, but got a {type(value).__name__} instead.")
    return value or []


def _prompt_fits(body: Json, model: Model) -> None:
    count = estimate.prompt_tokens(body.get("instructions"), body["input"], body.get("tools"))
    if model.max_prompt is not None and count > model.max_prompt:
        raise Refusal(
            f"prompt token count of {count} exceeds the limit of {model.max_prompt}", code="model_max_prompt_tokens_exceeded"
        )


RULES: tuple[Callable[[Json, Model], None], ...] = (
    check_input,
    _fields_are_supported,
    _plain_fields_have_their_types,
    _cap_fits,
    _reasoning_is_possible,
    _text_is_possible,
    _context_management_is_possible,
)
