"""What /v1/messages refuses, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

HAIKU, SONNET, NEW = "claude-haiku-4.5", "claude-sonnet-4.6", "claude-sonnet-5"
MANAGED: dict[str, Any] = {"context_management": {"edits": []}}
FORMAT = {"type": "json_schema", "schema": {"type": "object"}}
TOOLS = [{"name": "f", "input_schema": {"type": "object"}}]
ADAPTIVE = {"type": "adaptive"}


def budget(tokens: Any = 1024, **more: Any) -> dict[str, Any]:
    return {"type": "enabled", "budget_tokens": tokens} | more


EXTRA = "{}: Extra inputs are not permitted"
NOT_STREAMED = (
    "max_tokens: 16001 > 16000, which is the maximum for a request that is not streamed. "
    "Streaming is required for longer answers."
)
NO_BUDGET = (
    '"thinking.type.enabled" is not supported for this model. '
    'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
)


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (HAIKU, {"max_tokens": None}, "max_tokens: Field required"),
        (HAIKU, {"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
        (HAIKU, {"max_tokens": "many"}, "max_tokens: Input should be a valid number"),
        (
            HAIKU,
            {"max_tokens": 64001, "stream": True},
            "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4.5",
        ),
        (
            HAIKU,
            {"max_tokens": 16001},
            NOT_STREAMED,
        ),
        *[
            (HAIKU, {name: value}, EXTRA.format(name))
            for name, value in {
                "service_tier": "auto",
                "inference_geo": "eu",
                "speed": "fast",
                "container": "c",
                "mcp_servers": [],
                "cache_control": {"type": "ephemeral"},
                "anything": 1,
                "context_management": {},
            }.items()
        ],
        (HAIKU, {"metadata": {"user_id": "me", "team": "us"}}, EXTRA.format("metadata.team")),
        (HAIKU, {"metadata": "me"}, "metadata: Input should be a valid dictionary"),
        (HAIKU, {"system": " "}, "system: text content blocks must contain non-whitespace text"),
        (HAIKU, {"system": [{"type": "text", "text": ""}]}, "system: text content blocks must contain non-whitespace text"),
        (HAIKU, {"system": [{"type": "image"}]}, "system.0.type: Input should be 'text'"),
        (HAIKU, {"system": [{"type": "text", "text": "x", "id": 1}]}, EXTRA.format("system.0.id")),
        (HAIKU, {"system": 7}, "system: Input should be a valid list of objects"),
        (HAIKU, {"stop_sequences": "END"}, "stop_sequences: Input should be a valid list of strings"),
        (HAIKU, {"stop_sequences": ["\n"]}, "stop_sequences: each stop sequence must contain non-whitespace"),
        (NEW, {"temperature": 0.5}, "`temperature` is deprecated for this model."),
        (NEW, {"top_k": 1}, "`top_k` is deprecated for this model."),
        (
            HAIKU,
            {"temperature": 0.5, "top_p": 0.5},
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        ),
        (
            HAIKU,
            {"temperature": 0.5, "thinking": budget(), "max_tokens": 2000},
            "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode.",
        ),
        (HAIKU, {"thinking": {"type": "auto"}}, "thinking: Input tag should be 'adaptive', 'disabled' or 'enabled'"),
        (HAIKU, {"thinking": "yes"}, "thinking: Input should be a valid dictionary"),
        (
            HAIKU,
            {"thinking": budget(display="loud")},
            "thinking.enabled.display: Input should be 'summarized', 'omitted' or 'updates'",
        ),
        (HAIKU, {"thinking": budget(None)}, "thinking.enabled.budget_tokens: Field required"),
        (
            HAIKU,
            {"thinking": budget(1023), "max_tokens": 2000},
            "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            HAIKU,
            {"thinking": budget(32001), "max_tokens": 40000, "stream": True},
            "thinking.enabled.budget_tokens: Input should be less than or equal to 32000",
        ),
        (
            HAIKU,
            {"thinking": budget(2000), "max_tokens": 2000},
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (NEW, {"thinking": budget(), "max_tokens": 2000}, NO_BUDGET),
        (HAIKU, {"thinking": ADAPTIVE}, "adaptive thinking is not supported on this model"),
        (SONNET, {"thinking": ADAPTIVE | {"budget_tokens": 1}}, EXTRA.format("thinking.adaptive.budget_tokens")),
        (
            SONNET,
            {"thinking": ADAPTIVE, "tools": TOOLS, "tool_choice": {"type": "any"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (
            HAIKU,
            {"thinking": budget(), "max_tokens": 2000, "tools": TOOLS, "tool_choice": {"type": "tool", "name": "f"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (HAIKU, {"output_config": {"effort": "low"}}, "This model does not support the effort parameter."),
        (
            SONNET,
            {"output_config": {"effort": "max"}},
            "This model does not support effort level 'max'. Supported levels: low, medium, high.",
        ),
        (SONNET, {"output_config": {"tone": "kind"}}, EXTRA.format("output_config.tone")),
        (
            HAIKU,
            {"output_config": {"format": FORMAT}},
            "output_config.format: structured outputs are not supported on this model",
        ),
        (SONNET, {"output_config": {"format": {"type": "json_object"}}}, "output_config.format.schema: Field required"),
        (
            SONNET,
            {"output_config": {"format": {"type": "json_schema", "schema": {"enum": []}}}},
            "Invalid schema at output_config.format.schema: 'enum' must be a list that is not empty.",
        ),
        (HAIKU, {"messages": []}, "[] is too short - 'messages'"),
    ],
)
async def test_what_is_refused(client: "Client", model: str, fields: dict[str, Any], message: str) -> None:
    got = await client.messages(model=model, **fields)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (HAIKU, {"max_tokens": 16000, "metadata": {"user_id": "me"}, "system": "", "stop_sequences": ["END"]}),
        (HAIKU, {"max_tokens": 64000, "stream": True, "thinking": budget(32000), "temperature": 1}),
        (HAIKU, {"thinking": {"type": "disabled"}, "temperature": 0.5, "system": [{"type": "text", "text": "x"}]}),
        (HAIKU, {"betas": "context-management-2025-06-27, interleaved-thinking-2025-05-14"} | MANAGED),
        (SONNET, {"thinking": ADAPTIVE | {"display": "summarized"}, "output_config": {"effort": "high", "format": FORMAT}}),
        (SONNET, {"thinking": budget(), "max_tokens": 2000}),
        (NEW, {"thinking": ADAPTIVE, "output_config": {"effort": "max"}, "temperature": 1}),
        (SONNET, {"thinking": ADAPTIVE, "tools": TOOLS, "tool_choice": {"type": "auto"}}),
    ],
)
async def test_what_is_taken(client: "Client", model: str, fields: dict[str, Any]) -> None:
    got = await client.messages(model=model, **fields)
    assert got.status == 200, got.text


async def test_betas_belong_into_the_header(client: "Client") -> None:
    body = {"model": HAIKU, "max_tokens": 10, "messages": [{"role": "user", "content": "x"}], "betas": []}
    assert (await client.post("/v1/messages", body)).message == EXTRA.format("betas")


async def test_an_unknown_beta_is_named(client: "Client") -> None:
    betas = "interleaved-thinking-2025-05-14,claude-code-20250219,context-1m-2025-08-07"
    got = await client.messages(betas=betas)
    expected = "Unexpected value(s) `claude-code-20250219`, `context-1m-2025-08-07` for the `anthropic-beta` header."
    assert (got.status, got.message) == (400, expected)


async def test_a_prompt_that_is_too_long(client: "Client") -> None:
    got = await client.messages("x" * 544_004)
    assert (got.status, got.message) == (400, "prompt is too long: 136001 tokens > 136000 maximum")
    assert (await client.messages("x" * 544_000)).status == 200
