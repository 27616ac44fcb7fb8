"""Tool definitions: read from one dialect, written in another. Rules: translation.md §1.6."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import caching
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_names import Names
from copilot_api.translate.tool_schemas import (
    FREE_TEXT,
    built_in,
    describes_object,
    is_strict_for_anthropic,
    is_strict_for_openai,
    normal,
)

MOST_TOOLS = 128
_CALLABLE = frozenset({"function", "custom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool the model may call. `name` is as sent up; `strict` is None where nothing was said."""

    name: str
    description: str = ""
    parameters: Json
    strict: bool | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The tools of one request.

    `hosted` are the client's names of tools that run on its provider's servers, which nobody does here; `custom` those of
    tools that take free text.
    """

    tools: tuple[Tool, ...] = ()
    names: Names = field(default_factory=Names)
    hosted: frozenset[str] = frozenset()
    custom: frozenset[str] = frozenset()

    def find(self, name: str) -> Tool | None:
        """The tool that the client calls `name`."""
        sent = self.names.known(name)
        return next((tool for tool in self.tools if tool.name == sent), None)


def read_messages(definitions: list[Fields]) -> Toolbox:
    """The tools of an Anthropic request. Raises ClientMistake, also for more of them than upstream takes."""
    names = Names(_plain_names(definitions))
    tools: list[Tool] = []
    hosted: set[str] = set()
    for definition in definitions:
        kind = definition.text("type") or "custom"
        known = built_in(kind)
        if kind != "custom" and known is None:
            hosted.add(definition.text("name") or kind)
            definition.drop(kind)
            continue
        name = names.sent(definition.required_text("name"))
        description, parameters = known or (definition.text("description"), _schema(definition, "input_schema"))
        strict = _strict(definition, parameters, fits=is_strict_for_openai)
        tools.append(Tool(name=name, description=description, parameters=parameters, strict=strict))
    _check_count(tools)
    return Toolbox(tools=tuple(tools), names=names, hosted=frozenset(hosted))


def read_chat(definitions: list[Fields], legacy: list[Fields], *, may_be_strict: bool) -> Toolbox:
    """The tools of an OpenAI Chat request, and its legacy `functions`. Raises ClientMistake like `read_messages`."""
    functions = [("function", function, False) for function in legacy]
    hosted: set[str] = set()
    for definition in definitions:
        kind = definition.text("type") or "function"
        if kind in _CALLABLE:
            functions.append((kind, definition.object(kind), caching.take_mark(definition)))
        else:
            hosted.add(kind)
            definition.drop(kind)
    names = Names(_plain_names([function for _, function, _ in functions]))
    tools: list[Tool] = []
    custom: set[str] = set()
    for kind, function, marked_outside in functions:
        own = function.required_text("name")
        marked = caching.take_mark(function) or marked_outside
        if kind == "custom":
            custom.add(own)
            tools.append(Tool(name=names.sent(own), description=_with_grammar(function), parameters=FREE_TEXT, marked=marked))
        else:
            tools.append(_function(names.sent(own), function, may_be_strict=may_be_strict, marked=marked))
    _check_count(tools)
    return Toolbox(tools=tuple(tools), names=names, hosted=frozenset(hosted), custom=frozenset(custom))


def stubs(names: Sequence[str]) -> tuple[Tool, ...]:
    """Definitions for tools that a conversation used and its newest request does not offer: Anthropic asks for some."""
    unique = dict.fromkeys(names)
    return tuple(Tool(name=name, description="Not available any more.", parameters=normal({})) for name in unique)


def for_chat(tool: Tool) -> Json:
    """The definition as Chat Completions takes it."""
    function = {"name": tool.name} | ({"description": tool.description} if tool.description else {})
    strict = {} if tool.strict is None else {"strict": tool.strict}
    return {"type": "function", "function": function | {"parameters": tool.parameters} | strict}


def for_messages(tool: Tool) -> Json:
    """The definition as Anthropic Messages takes it."""
    description = {"description": tool.description} if tool.description else {}
    strict = {"strict": True} if tool.strict else {}
    schema = {"input_schema": tool.parameters}
    return {"name": tool.name} | description | schema | strict | caching.on_block(marked=tool.marked)


def _plain_names(definitions: list[Fields]) -> list[str]:
    return [name for definition in definitions if isinstance(name := definition.peek("name"), str)]


def _function(name: str, function: Fields, *, may_be_strict: bool, marked: bool) -> Tool:
    description, parameters = function.text("description"), _schema(function, "parameters")
    strict = _strict(function, parameters, fits=lambda schema: may_be_strict and is_strict_for_anthropic(schema))
    return Tool(name=name, description=description, parameters=parameters, strict=strict, marked=marked)


def _schema(definition: Fields, key: str) -> Json:
    schema = definition.take(key)
    if schema is None:
        return normal({})
    if not describes_object(schema):
        raise definition.mistake(key, "must be a JSON Schema of an object")
    return normal(schema)


def _strict(definition: Fields, parameters: Json, *, fits: Callable[[Json], bool]) -> bool | None:
    """Whether the model must keep to the schema: carried where upstream can promise it for such a schema, else lost."""
    is_wanted = definition.peek("strict") is True
    return definition.flag("strict") if not is_wanted or fits(parameters) else None


def _with_grammar(custom: Fields) -> str:
    """A custom tool's description, with the grammar of its input, which a function cannot state otherwise."""
    description = custom.text("description")
    shape = custom.object("format")
    if shape.text("type") != "grammar":
        return description
    grammar = shape.object("grammar")
    syntax, definition = grammar.text("syntax"), grammar.text("definition")
    return f"{description}\n\nThe input must match this {syntax} grammar:\n{definition}".strip()


def _check_count(tools: list[Tool]) -> None:
    if len(tools) > MOST_TOOLS:
        raise ClientMistake(
            f"tools: {len(tools)} tools were sent, Copilot takes at most {MOST_TOOLS}",
            hint="switch off tool servers (MCP) that this conversation does not need",
            code="array_above_max_length",
            param="tools",
        )
