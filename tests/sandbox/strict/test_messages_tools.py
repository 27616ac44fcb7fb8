"""What /v1/messages refuses in tools, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

HAIKU, SONNET = "claude-haiku-4.5", "claude-sonnet-4.6"
ADVANCED = "advanced-tool-use-2025-11-20"
PATTERN = "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
TAGS = (
    "tools.0: Input tag '{}' found using 'type' does not match any of the expected tags: "
    "'bash_20250124', 'custom', 'memory_20250818', 'text_editor_20250728'"
)
EXTRA = "tools.0.custom.{}: Extra inputs are not permitted"


def tool(name: Any = "f", **more: Any) -> Json:
    return {"name": name, "input_schema": {"type": "object"}} | more


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tools": [tool(f"f{i}") for i in range(129)]}, "tools: List should have at most 128 items after validation, not 129"),
        ({"tools": [1]}, "tools: Input should be a valid list of objects"),
        ({"tools": [tool("a.b")]}, PATTERN),
        ({"tools": [tool("a" * 129)]}, PATTERN),
        ({"tools": [tool(None)]}, PATTERN),
        ({"tools": [tool(), tool()]}, "tools: Tool names must be unique."),
        ({"tools": [{"name": "f"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [tool(input_schema=[])]}, "tools.0.custom.input_schema: Input should be a valid dictionary"),
        ({"tools": [tool(input_schema={})]}, "tools.0.custom.input_schema.type: Input should be 'object'"),
        (
            {"tools": [tool(input_schema={"type": "object", "$schema": "https://json-schema.org/draft/2020-12/schema"})]},
            EXTRA.format("input_schema.$schema"),
        ),
        (
            {"tools": [tool(input_schema={"type": "object", "required": "a"})]},
            "Invalid schema at tools.0.custom.input_schema: 'required' must be a list of strings.",
        ),
        ({"tools": [tool(eager_input_streaming=True)]}, EXTRA.format("eager_input_streaming")),
        ({"tools": [tool(defer_loading=True)]}, EXTRA.format("defer_loading")),
        ({"tools": [tool(input_examples=[])]}, EXTRA.format("input_examples")),
        ({"tools": [tool(allowed_callers=[])]}, EXTRA.format("allowed_callers")),
        ({"tools": [tool(strict=True)]}, EXTRA.format("strict")),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, TAGS.format("web_search_20250305")),
        ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, TAGS.format("web_fetch_20250910")),
        ({"tools": [{"type": "code_execution_20250825", "name": "code"}]}, TAGS.format("code_execution_20250825")),
        ({"tools": [{"type": "computer_20250124", "name": "computer"}]}, TAGS.format("computer_20250124")),
        (
            {"tools": [{"type": "tool_search_tool_regex_20251119", "name": "s"}]},
            TAGS.format("tool_search_tool_regex_20251119"),
        ),
        ({"tool_choice": {"type": "auto"}}, "tool_choice: tool_choice may only be specified while providing tools"),
        (
            {"tools": [tool()], "tool_choice": {"type": "required"}},
            "tool_choice: Input tag should be 'auto', 'any', 'tool' or 'none'",
        ),
        ({"tools": [tool()], "tool_choice": "auto"}, "tool_choice: Input should be a valid dictionary"),
        ({"tools": [tool()], "tool_choice": {"type": "tool", "name": "g"}}, "Tool 'g' not found in provided tools"),
    ],
)
async def test_what_is_refused(client: "Client", fields: dict[str, Any], message: str) -> None:
    got = await client.messages(model=HAIKU, **fields)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("model", "betas", "tools"),
    [
        (HAIKU, "", []),
        (HAIKU, "", [tool(f"f{i}") for i in range(128)]),
        (HAIKU, "", [tool("a" * 128, type="custom", description="x", cache_control={"type": "ephemeral"})]),
        (HAIKU, "", [{"type": "bash_20250124", "name": "bash"}, {"type": "text_editor_20250728", "name": "e"}]),
        (HAIKU, ADVANCED, [tool(defer_loading=True, input_examples=[], allowed_callers=[])]),
        (SONNET, ADVANCED, [tool(strict=True), {"type": "tool_search_tool_regex_20251119", "name": "s"}]),
    ],
)
async def test_what_is_taken(client: "Client", model: str, betas: str, tools: list[Json]) -> None:
    got = await client.messages(model=model, betas=betas, tools=tools)
    assert got.status == 200, got.text


async def test_haiku_does_not_search_tools(client: "Client") -> None:
    tools = [{"type": "tool_search_tool_bm25_20251119", "name": "s"}]
    assert (await client.messages(model=HAIKU, betas=ADVANCED, tools=tools)).status == 400
