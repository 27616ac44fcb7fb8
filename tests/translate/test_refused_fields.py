"""Which field a refusal names, in whatever words."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import UpstreamRefused
from copilot_api.translate.refused_fields import betas_in, fields_in

MARK = {"type": "ephemeral", "scope": "global"}
SCHEMA = {"type": "object", "properties": {"a": {"const": 1, "type": "string"}}, "$schema": "x"}
MESSAGES: Json = {
    "system": [{"type": "text", "text": "s"}, {"type": "text", "text": "s", "cache_control": MARK}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "q", "citations": []}]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "x", "k": 1}]}],
        },
    ],
    "tools": [{"name": "f", "input_schema": SCHEMA}, {"name": "g", "defer_loading": True, "input_schema": SCHEMA}],
    "thinking": {"type": "adaptive", "display": "updates"},
    "metadata": {"user_id": "u", "session": "s"},
    "context_management": {"edits": []},
    "output_config": {"effort": "high", "task_budget": 1, "format": {}},
    "temperature": 0.2,
    "top_p": 0.5,
    "max_tokens": 5,
}
CHAT: Json = {
    "messages": [{"role": "user", "content": "q"}],
    "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"const": {"const": 1}}}}}
    ],
    "reasoning_effort": "high",
    "verbosity": "low",
    "parallel_tool_calls": True,
    "store": True,
    "stop": ["x"],
    "response_format": {"type": "json_object"},
}


def named(body: Json, message: str, *, code: str = "", param: str = "") -> set[str]:
    problem = UpstreamRefused(message, status=400, code=code, param=param)
    return {lesson.name for lesson in fields_in(problem, body)}


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("context_management: Extra inputs are not permitted", "context_management"),
        ("system.1.cache_control.ephemeral.scope: Extra inputs are not permitted", "system.*.cache_control.scope"),
        ("tools.1.custom.defer_loading: Extra inputs are not permitted", "tools.*.defer_loading"),
        ("messages.0.content.0.text.citations: Extra inputs are not permitted", "messages.*.content.*.citations"),
        ("messages.1.content.0.tool_result.content.0.text.k: Extra inputs are not permitted",
         "messages.*.content.*.content.*.k"),
        ("tools.0.custom.input_schema.$schema: Extra inputs are not permitted", "tools.*.input_schema.$schema"),
        ("thinking.adaptive.display: Extra inputs are not permitted", "thinking.display"),
        ("metadata.session: Extra inputs are not permitted", "metadata.session"),
        ("output_config.task_budget: Extra inputs are not permitted", "output_config.task_budget"),
        ("`temperature` is deprecated for this model.", "temperature"),
        ("`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.", "temperature"),
        ("`top_p` is not supported on this model", "top_p"),
    ],
)  # fmt: skip
def test_the_wordings_of_anthropics_backends(message: str, path: str) -> None:
    assert named(MESSAGES, message) == {path}


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("Unsupported parameter: 'verbosity' is not supported with this model.", "verbosity"),
        ("Unsupported value: 'reasoning_effort' does not support 'high' with this model.", "reasoning_effort"),
        ("Unknown parameter: 'parallel_tool_calls'.", "parallel_tool_calls"),
        ("Unrecognized request argument supplied: parallel_tool_calls", "parallel_tool_calls"),
        ("Unrecognized field: `stop`", "stop"),
        ("store is not supported", "store"),
        ('Invalid JSON payload received. Unknown name "const" at \'request.tools[11].function.parameters\': Cannot find field.',
         "tools.*.function.parameters.**.const"),
        ('Unknown name \\"const\\" at \'tools[0].function_declarations[3].parameters.properties[2].value\'',
         "tools.*.function.parameters.**.const"),
    ],
)  # fmt: skip
def test_the_wordings_of_other_backends(message: str, path: str) -> None:
    assert named(CHAT, message) == {path}


def test_several_fields_at_once() -> None:
    both = "temperature: Extra inputs are not permitted\nmetadata.session: Extra inputs are not permitted"
    assert named(MESSAGES, both) == {"temperature", "metadata.session"}
    assert named(CHAT, "Unrecognized request arguments supplied: stop, verbosity.") == {"stop", "verbosity"}


def test_the_machine_readable_parameter_counts_where_the_code_says_what_is_wrong_with_it() -> None:
    assert named(CHAT, "no", code="unsupported_value", param="store") == {"store"}
    assert named(CHAT, "no", code="invalid_value", param="store") == set()


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens: Extra inputs are not permitted",
        "tools.0.custom.name: Extra inputs are not permitted",
        "tools.0.custom.input_schema: Extra inputs are not permitted",
        "messages.0.content.0.text.text: Extra inputs are not permitted",
        "output_config.format: Extra inputs are not permitted",
        "tools.7.custom.defer_loading: Extra inputs are not permitted",
        "tools.one.defer_loading: Extra inputs are not permitted",
        "system.1: Extra inputs are not permitted",
        "metadata.user: Extra inputs are not permitted",
        "thinking: Input should be an object",
        "the temperature of this room",
        "temperature.0.x: Extra inputs are not permitted",
        'Unknown name "const"',
        'Unknown name "type" at \'request.tools[0].function.parameters\'',
        'Unknown name "oneOf" at \'request.tools[0].function.parameters\'',
    ],
)  # fmt: skip
def test_what_makes_the_answer_another_one_or_is_not_there_stays(message: str) -> None:
    assert named(MESSAGES, message) == set()


@pytest.mark.parametrize(
    "message", ["Unsupported parameter: 'response_format' is not supported", "Unknown parameter: 'tools'.", "tools[0] is odd"]
)
def test_so_it_does_in_chat(message: str) -> None:
    assert named(CHAT, message) == set()


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ("Unexpected value(s) `advisor-tool-2026-03-01` for the `anthropic-beta` header.", {"advisor-tool-2026-03-01"}),
        (
            "Unexpected value(s) `advisor-tool-2026-03-01`, `context-1m-2025-08-07` for the `anthropic-beta` header.",
            {"advisor-tool-2026-03-01", "context-1m-2025-08-07"},
        ),
        ("unsupported beta header: context-1m-2025-08-07", {"context-1m-2025-08-07"}),
        ("Unexpected value(s) `never-sent-2026-01-01` for the `anthropic-beta` header.", set()),
        ("model claude-opus-2025-01-01 is overloaded", set()),
    ],
)
def test_betas_that_are_named(message: str, refused: set[str]) -> None:
    sent = ("advisor-tool-2026-03-01", "context-1m-2025-08-07", "claude-opus-2025-01-01")
    found = betas_in(UpstreamRefused(message, status=400), sent)
    assert {lesson.beta for lesson in found} == refused
