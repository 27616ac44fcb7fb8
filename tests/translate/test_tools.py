"""Tool definitions: from one dialect into the other, with names that upstream takes, and no tool lost in silence."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_schemas import strict_rule
from copilot_api.translate.tools import Toolbox

SCHEMA: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED: Json = SCHEMA | {"additionalProperties": False}
EMPTY: Json = {"type": "object", "properties": {}}


def from_messages(*definitions: Json) -> tuple[Toolbox, list[str]]:
    fields = Fields({"tools": list(definitions)})
    return tools.read_messages(fields.objects("tools")), list(fields.losses())


def from_chat(*definitions: Json, functions: list[Json] | None = None, strict: bool = True) -> tuple[Toolbox, list[str]]:
    fields = Fields({"tools": list(definitions), "functions": functions})
    rule = strict_rule(Model(id="claude-x", structured=strict))
    toolbox = tools.read_chat(fields.objects("tools"), fields.objects("functions"), may_be_strict=rule)
    return toolbox, list(fields.losses())


def from_responses(*definitions: Json, strict: bool = True) -> tuple[Toolbox, list[str]]:
    fields = Fields({"tools": list(definitions)})
    rule = strict_rule(Model(id="claude-x", structured=strict))
    return tools.read_responses(fields.objects("tools"), may_be_strict=rule), list(fields.losses())


def function(**fields: Any) -> Json:
    return {"type": "function", "function": {"name": "f"} | fields}


@pytest.mark.parametrize("kind", [{}, {"type": "custom"}])
def test_an_anthropic_tool_becomes_a_function(kind: Json) -> None:
    toolbox, losses = from_messages({"name": "get_weather", "description": "Weather", "input_schema": SCHEMA} | kind)
    assert [tools.for_chat(tool) for tool in toolbox.tools] == [
        {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": SCHEMA}}
    ]
    assert losses == []


def test_a_function_becomes_an_anthropic_tool() -> None:
    toolbox, losses = from_chat(function(name="get_weather", description="Weather", parameters=SCHEMA))
    assert [tools.for_messages(tool) for tool in toolbox.tools] == [
        {"name": "get_weather", "description": "Weather", "input_schema": SCHEMA}
    ]
    assert losses == []


def test_missing_parameters_are_none() -> None:
    assert tools.for_messages(from_chat(function())[0].tools[0]) == {"name": "f", "input_schema": EMPTY}
    assert tools.for_chat(from_messages({"name": "f"})[0].tools[0])["function"] == {"name": "f", "parameters": EMPTY}


def test_hints_of_the_definition_are_named_as_lost_and_the_definition_stays() -> None:
    toolbox, losses = from_messages(
        {
            "name": "f",
            "input_schema": SCHEMA,
            "defer_loading": True,
            "eager_input_streaming": True,
            "allowed_callers": ["direct"],
            "input_examples": [{"city": "Oslo"}],
            "cache_control": {"type": "ephemeral"},
        }
    )
    assert [tool.name for tool in toolbox.tools] == ["f"]
    assert sorted(losses) == [
        "tools.allowed_callers",
        "tools.cache_control",
        "tools.defer_loading",
        "tools.eager_input_streaming",
        "tools.input_examples",
    ]


@pytest.mark.parametrize(
    ("definition", "sent", "losses"),
    [
        ({"input_schema": CLOSED, "strict": True}, True, []),
        ({"input_schema": SCHEMA, "strict": True}, None, ["tools.strict"]),
        ({"input_schema": SCHEMA, "strict": False}, False, []),
        ({"input_schema": SCHEMA}, None, []),
    ],
)
def test_strict_is_promised_by_openai_only_for_closed_schemas(definition: Json, sent: bool | None, losses: list[str]) -> None:
    toolbox, lost = from_messages({"name": "f"} | definition)
    assert tools.for_chat(toolbox.tools[0])["function"].get("strict") is sent
    assert lost == losses


@pytest.mark.parametrize(("parameters", "can", "sent"), [(CLOSED, True, True), (CLOSED, False, None), (SCHEMA, True, None)])
def test_strict_is_promised_by_claude_where_it_can_be(parameters: Json, can: bool, sent: bool | None) -> None:
    toolbox, lost = from_chat(function(parameters=parameters, strict=True), strict=can)
    assert tools.for_messages(toolbox.tools[0]).get("strict") is sent
    assert lost == ([] if sent else ["tools.function.strict"])


def test_a_typed_client_tool_gets_its_schema_spelled_out() -> None:
    """The original sent such tools without a schema (compat.md §2.7)."""
    toolbox, losses = from_messages({"type": "bash_20250124", "name": "bash"})
    written = tools.for_chat(toolbox.tools[0])["function"]
    assert written["name"] == "bash"
    assert list(written["parameters"]["properties"]) == ["command", "restart"]
    assert losses == []


def test_server_tools_are_left_out_by_name() -> None:
    toolbox, losses = from_messages(
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
        {"type": "mcp_toolset", "mcp_server_name": "files"},
        {"name": "f", "input_schema": SCHEMA},
    )
    assert [tool.name for tool in toolbox.tools] == ["f"]
    assert toolbox.hosted == {"web_search", "mcp_toolset"}
    assert losses == ["tools.web_search_20250305", "tools.mcp_toolset"]


def test_hosted_tools_of_openai_are_left_out_by_type() -> None:
    toolbox, losses = from_chat({"type": "web_search", "search_context_size": "low"}, function())
    assert toolbox.hosted == {"web_search"}
    assert losses == ["tools.web_search"]


def test_a_custom_tool_becomes_a_function_of_one_text() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: WORD"}}
    toolbox, losses = from_chat(
        {"type": "custom", "custom": {"name": "patch", "description": "Apply a patch.", "format": grammar}},
        {"type": "custom", "custom": {"name": "say", "format": {"type": "text"}}},
    )
    assert [tools.for_messages(tool) for tool in toolbox.tools] == [
        {
            "name": "patch",
            "description": "Apply a patch.\n\nThe input must match this lark grammar:\nstart: WORD",
            "input_schema": {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]},
        },
        {"name": "say", "input_schema": {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}},
    ]
    assert toolbox.custom == {"patch", "say"}
    assert losses == []


def test_legacy_functions_are_tools() -> None:
    toolbox, _ = from_chat(functions=[{"name": "old", "parameters": SCHEMA}])
    assert tools.for_messages(toolbox.tools[0]) == {"name": "old", "input_schema": SCHEMA}


@pytest.mark.parametrize("place", ["tool", "function"])
def test_a_cache_mark_on_a_function_goes_to_the_tool(place: str) -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    definition = function() | mark if place == "tool" else function(**mark)
    toolbox, losses = from_chat(definition)
    assert tools.for_messages(toolbox.tools[0])["cache_control"] == {"type": "ephemeral"}
    assert losses == []


def test_names_that_upstream_refuses_are_changed_and_found_again() -> None:
    toolbox, _ = from_messages({"name": "files.read"}, {"name": "files_read"})
    assert [tool.name for tool in toolbox.tools] == [toolbox.names.sent("files.read"), "files_read"]
    assert toolbox.find("files.read") is toolbox.tools[0]
    assert toolbox.find("files_read") is toolbox.tools[1]
    assert toolbox.find("unknown") is None
    assert toolbox.names.changed == {toolbox.tools[0].name: "files.read"}


@pytest.mark.parametrize("schema", [{"type": "string"}, "a schema", [1]])
def test_a_schema_of_anything_but_an_object_is_refused(schema: Any) -> None:
    with pytest.raises(ClientMistake, match="JSON Schema of an object") as caught:
        from_messages({"name": "f", "input_schema": schema})
    assert caught.value.param == "tools.0.input_schema"


def test_a_tool_without_a_name_is_refused() -> None:
    with pytest.raises(ClientMistake, match=r"tools\.0\.name: is required"):
        from_messages({"input_schema": SCHEMA})


def test_stubs_stand_for_tools_of_earlier_turns_once_each() -> None:
    assert [tools.for_messages(tool) for tool in tools.stubs(["a", "b", "a"])] == [
        {"name": "a", "description": "Not available any more.", "input_schema": EMPTY},
        {"name": "b", "description": "Not available any more.", "input_schema": EMPTY},
    ]


# Responses


def test_flat_functions_are_read() -> None:
    toolbox, losses = from_responses(
        {"type": "function", "name": "f", "description": "F.", "parameters": CLOSED, "strict": True},
        {"name": "g", "parameters": None, "defer_loading": True},
    )
    assert [tools.for_messages(tool) for tool in toolbox.tools] == [
        {"name": "f", "description": "F.", "input_schema": CLOSED, "strict": True},
        {"name": "g", "input_schema": EMPTY},
    ]
    assert losses == ["tools.defer_loading"]


def test_a_free_text_tool_keeps_its_form_only_where_it_can() -> None:
    shape = {"type": "grammar", "syntax": "lark", "definition": "start: WORD"}
    definition = {"type": "custom", "name": "patch", "description": "Apply.", "format": shape}
    toolbox, losses = from_responses(definition)
    assert tools.for_responses(toolbox.tools[0]) == definition
    described = "Apply.\n\nThe input must match this lark grammar:\nstart: WORD"
    assert tools.for_chat(toolbox.tools[0])["function"]["description"] == described
    assert toolbox.custom == {"patch"}
    assert losses == []


def test_namespaces_are_flattened_and_what_they_say_of_themselves_is_lost() -> None:
    inner: list[Json] = [{"type": "function", "name": "read"}, {"type": "custom", "name": "exec"}, {"type": "mcp"}]
    toolbox, losses = from_responses(
        {"type": "namespace", "name": "files", "description": "Files.", "tools": inner},
        {"type": "namespace", "name": "quiet", "description": "", "tools": inner[:1]},
    )
    assert [tool.name for tool in toolbox.tools] == ["files__read", "files__exec", "quiet__read"]
    assert toolbox.find("read", "files") is toolbox.tools[0]
    assert toolbox.find("read") is None
    assert toolbox.custom == {"files__exec"}
    assert toolbox.hosted == {"mcp"}
    assert losses == ["tools.namespace.description", "tools.tools.mcp"]


def test_the_newest_definition_of_a_tool_counts_at_the_place_of_the_first() -> None:
    names = [{"name": "f", "description": "Old."}, {"name": "g"}, {"name": "f", "description": "New."}]
    toolbox, _ = from_responses(*names)
    assert [(tool.name, tool.description) for tool in toolbox.tools] == [("f", "New."), ("g", "")]


def test_of_two_tools_of_one_name_the_one_that_takes_free_text_is_known_by_its_namespace() -> None:
    free, other = {"type": "custom", "name": "read"}, {"type": "function", "name": "read"}
    toolbox, _ = from_responses(
        {"type": "namespace", "name": "a", "tools": [free]}, {"type": "namespace", "name": "b", "tools": [other]}, other
    )
    assert toolbox.custom == {"a__read"}
    assert from_responses(free, other)[0].custom == frozenset(), "the newest definition counts"


def test_a_namespace_without_a_name_is_refused() -> None:
    with pytest.raises(ClientMistake, match=r"tools\.0\.name: is required"):
        from_responses({"type": "namespace", "tools": []})


@pytest.mark.parametrize(("strict", "sent"), [(True, True), (False, False), (None, False)])
def test_responses_is_told_whether_a_tool_is_strict(strict: bool | None, sent: bool) -> None:
    toolbox, _ = from_messages({"name": "f", "description": "F.", "input_schema": CLOSED, "strict": strict})
    written = tools.for_responses(toolbox.tools[0])
    assert written == {"type": "function", "name": "f", "description": "F.", "parameters": CLOSED, "strict": sent}
