"""The functions that a Gemini client offers, and which of them the model has to call."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import gemini_tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tools import Tool, Toolbox

EMPTY: Json = {"type": "object", "properties": {}}


def read(*tools: Json) -> tuple[Toolbox, set[str]]:
    """The toolbox, and what was lost."""
    fields = Fields({"tools": list(tools)})
    toolbox = gemini_tools.read(fields.objects("tools"))
    return toolbox, set(fields.losses())


def declared(*names: str, **fields: Any) -> Json:
    return {"functionDeclarations": [{"name": name} | fields for name in names]}


def chosen(config: Json, *tools: Json) -> tuple[Choice, set[str]]:
    fields = Fields({"toolConfig": {"functionCallingConfig": config}})
    return gemini_tools.choice(fields, read(*tools)[0]), set(fields.losses())


def test_functions_of_all_tools_are_one_list() -> None:
    toolbox, lost = read(declared("f", description="Does."), declared("g"))
    assert toolbox.tools == (Tool(name="f", description="Does.", parameters=EMPTY), Tool(name="g", parameters=EMPTY))
    assert lost == set()


@pytest.mark.parametrize(
    ("fields", "parameters"),
    [
        ({"parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}, {"a": {"type": "string"}}),
        ({"parametersJsonSchema": {"type": "object", "properties": {"a": {"type": "string"}}}}, {"a": {"type": "string"}}),
        ({"parametersJsonSchema": {"properties": {"a": {"type": "X"}}}, "parameters": None}, {"a": {"type": "X"}}),
        ({"parameters": {"type": "OBJECT"}}, {}),
        ({"parameters": None}, {}),
        ({}, {}),
    ],
)
def test_parameters_come_in_either_language(fields: Json, parameters: Json) -> None:
    [tool] = read(declared("f", **fields))[0].tools
    assert tool.parameters == {"type": "object", "properties": parameters}


@pytest.mark.parametrize("schema", [{"type": "STRING"}, "x", 7])
@pytest.mark.parametrize("key", ["parameters", "parametersJsonSchema"])
def test_parameters_that_describe_no_object_are_refused(key: str, schema: Any) -> None:
    with pytest.raises(ClientMistake) as caught:
        read(declared("f", **{key: schema}))
    assert caught.value.param == f"tools.0.functionDeclarations.0.{key}"


def test_a_function_without_a_name_is_refused() -> None:
    with pytest.raises(ClientMistake, match="name: is required"):
        read(declared(""))


def test_two_functions_of_one_name_are_refused_as_google_refuses_them() -> None:
    with pytest.raises(ClientMistake, match="two functions have this name") as caught:
        read(declared("f", "g"), declared("f"))
    assert caught.value.param == "tools.1.functionDeclarations.0.name"


def test_what_describes_the_result_is_named_as_lost() -> None:
    _, lost = read(declared("f", response={"type": "STRING"}, behavior="BLOCKING"))
    assert lost == {"tools.functionDeclarations.response", "tools.functionDeclarations.behavior"}


def test_names_that_upstream_refuses_are_changed_and_remembered() -> None:
    toolbox, _ = read(declared("files.read", "files_read"))
    assert [tool.name for tool in toolbox.tools][1] == "files_read"
    assert toolbox.names.changed == {toolbox.tools[0].name: "files.read"}


def test_what_google_would_run_is_left_out_and_named_even_without_settings() -> None:
    toolbox, lost = read({"googleSearch": {}, "codeExecution": {}}, declared("f") | {"urlContext": {}}, {})
    assert toolbox.hosted == {"googleSearch", "codeExecution", "urlContext"}
    assert lost == {"tools.googleSearch", "tools.codeExecution", "tools.urlContext"}


F, G, H = (Tool(name=name, parameters=EMPTY) for name in "fgh")


@pytest.mark.parametrize(
    ("config", "choice", "lost"),
    [
        ({}, Choice(only=(F, G, H)), set()),
        ({"mode": "MODE_UNSPECIFIED"}, Choice(only=(F, G, H)), set()),
        ({"mode": "AUTO"}, Choice(mode="auto", only=(F, G, H)), set()),
        ({"mode": "any"}, Choice(mode="any", only=(F, G, H)), set()),
        ({"mode": "NONE"}, Choice(mode="none", only=(F, G, H)), set()),
        ({"mode": "NONE", "allowedFunctionNames": ["g"]}, Choice(mode="none", only=(F, G, H)), set()),
        ({"mode": "VALIDATED"}, Choice(mode="auto", only=(F, G, H)), {"toolConfig.functionCallingConfig.mode"}),
        ({"mode": "ANY", "allowedFunctionNames": ["g"]}, Choice(mode="tool", tool=G, only=(F, G, H)), set()),
        ({"mode": "ANY", "allowedFunctionNames": ["h", "f", 7]}, Choice(mode="any", only=(F, H)), set()),
        ({"mode": "AUTO", "allowedFunctionNames": ["g"]}, Choice(mode="auto", only=(G,)), set()),
    ],
)
def test_every_way_to_choose(config: Json, choice: Choice, lost: set[str]) -> None:
    assert chosen(config, declared("f", "g", "h")) == (choice, lost)


def test_without_functions_there_is_nothing_to_choose() -> None:
    assert chosen({"mode": "VALIDATED"}) == (Choice(mode="auto"), set())
    assert chosen({"mode": "ANY"})[0].is_forced is False


@pytest.mark.parametrize(
    ("config", "tools", "message"),
    [
        ({"mode": "SOME"}, [declared("f")], "'SOME' is not a way"),
        ({"mode": "ANY"}, [{"googleSearch": {}}], "googleSearch runs on Google's servers"),
        ({"mode": "ANY", "allowedFunctionNames": ["x"]}, [declared("f")], "none of these functions"),
    ],
)
def test_a_choice_that_cannot_be_met_is_refused(config: Json, tools: list[Json], message: str) -> None:
    with pytest.raises(ClientMistake, match=message):
        chosen(config, *tools)


def test_settings_of_hosted_tools_are_named_as_lost() -> None:
    fields = Fields({"toolConfig": {"retrievalConfig": {"languageCode": "de"}}})
    gemini_tools.choice(fields, Toolbox())
    assert set(fields.losses()) == {"toolConfig.retrievalConfig"}
