"""The tools of a Gemini request, and which of them the model must, may or may not call. Rules: translation.md §1.6, §1.7."""

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate.fields import Fields
from copilot_api.translate.openapi_schema import json_schema
from copilot_api.translate.tool_choice import Choice, Mode
from copilot_api.translate.tool_names import Names
from copilot_api.translate.tool_schemas import describes_object, normal
from copilot_api.translate.tools import Tool, Toolbox

_MODES: dict[str, Mode | None] = {
    "": None,
    "MODE_UNSPECIFIED": None,
    "AUTO": "auto",
    "ANY": "any",
    "NONE": "none",
    "VALIDATED": "auto",
}
_CLIENTS_OWN = "functionDeclarations"


def read(tools: list[Fields]) -> Toolbox:
    """The functions that the client runs; whatever else stands in `tools` Google would run. Raises ClientMistake."""
    declarations: list[Fields] = []
    hosted: set[str] = set()
    for holder in tools:
        declarations += holder.objects(_CLIENTS_OWN)
        for name in holder.names():
            holder.take(name)
            holder.lose(name)
            hosted.add(name)
    names = Names([name for declaration in declarations if isinstance(name := declaration.peek("name"), str)])
    found: dict[str, Tool] = {}
    for declaration in declarations:
        tool = _tool(declaration, names)
        if tool.name in found:
            raise declaration.mistake("name", "two functions have this name")
        found[tool.name] = tool
    return Toolbox(tools=tuple(found.values()), names=names, hosted=frozenset(hosted))


def choice(fields: Fields, toolbox: Toolbox) -> Choice:
    """Takes `toolConfig`. Raises ClientMistake for a choice that cannot be met."""
    wanted = fields.object("toolConfig").object("functionCallingConfig")
    word = wanted.text("mode").upper()
    if word not in _MODES:
        raise wanted.mistake("mode", f"{word[:40]!r} is not a way to choose functions")
    if word == "VALIDATED" and toolbox.tools:  # that calls keep to their schema cannot be promised
        wanted.lose("mode")
    mode = _MODES[word]
    if mode == "any" and toolbox.hosted and not toolbox.tools:
        raise ClientMistake(
            f"tools: {', '.join(sorted(toolbox.hosted))[:100]} runs on Google's servers and is not available through Copilot",
            hint="offer a function that the client runs itself",
            param="tools",
        )
    return _among(wanted, toolbox, mode)


def _among(wanted: Fields, toolbox: Toolbox, mode: Mode | None) -> Choice:
    allowed = wanted.items("allowedFunctionNames")
    if not allowed or mode == "none":
        return Choice(mode=mode, only=toolbox.tools)
    known = [toolbox.find(name) for name in allowed if isinstance(name, str)]
    only = tuple(tool for tool in toolbox.tools if tool in known)
    if not only:
        raise wanted.mistake("allowedFunctionNames", "none of these functions is in tools")
    if len(only) == 1 and mode == "any":
        return Choice(mode="tool", tool=only[0], only=toolbox.tools)  # the list stays whole, and with it the prompt cache
    return Choice(mode=mode, only=only)


def _tool(declaration: Fields, names: Names) -> Tool:
    name = names.sent(declaration.required_text("name"))
    return Tool(name=name, description=declaration.text("description"), parameters=_parameters(declaration))


def _parameters(declaration: Fields) -> Json:
    key = "parametersJsonSchema" if "parametersJsonSchema" in declaration else "parameters"
    schema = declaration.take(key)
    if key == "parameters" and isinstance(schema, dict):
        schema = json_schema(schema)
    if schema is None:
        return normal({})
    if not describes_object(schema):
        raise declaration.mistake(key, "must be the schema of an object")
    return normal(schema)
