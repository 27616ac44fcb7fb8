"""Tool definitions: read from one dialect, written in another. Rules: translation.md §1.6."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.translate import caching
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_names import Names
from copilot_api.translate.tool_schemas import (
    FREE_TEXT,
    StrictRule,
    built_in,
    describes_object,
    is_strict_for_openai,
    normal,
)

_CALLABLE = frozenset({"function", "custom"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool the model may call. `name` is as sent up; `strict` is None where nothing was said.

    `format` is there for a tool that takes free text, as Responses writes it: `{"type": "text"}`, or a grammar.
    """

    name: str
    description: str = ""
    parameters: Json
    strict: bool | None = None
    marked: bool = False
    format: Json | None = None

    @property
    def full_description(self) -> str:
        """The description, with the grammar of the input, which a function cannot state otherwise."""
        if self.format is None or "definition" not in self.format:
            return self.description
        grammar = f"The input must match this {self.format['syntax']} grammar:\n{self.format['definition']}"
        return f"{self.description}\n\n{grammar}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The tools of one request.

    `hosted` are the client's names of tools that run on its provider's servers, which nobody does here.
    """

    tools: tuple[Tool, ...] = ()
    names: Names = field(default_factory=Names)
    hosted: frozenset[str] = frozenset()

    @property
    def custom(self) -> frozenset[str]:
        """The names, as sent up, of the tools that take free text."""
        return frozenset(tool.name for tool in self.tools if tool.format is not None)

    def find(self, name: str, namespace: str = "") -> Tool | None:
        """The tool that the client calls `name`."""
        sent = self.names.known(name, namespace)
        return next((tool for tool in self.tools if tool.name == sent), None)


def read_messages(definitions: list[Fields]) -> Toolbox:
    """The tools of an Anthropic request. Raises ClientMistake."""
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
    return Toolbox(tools=tuple(tools), names=names, hosted=frozenset(hosted))


def read_chat(definitions: list[Fields], legacy: list[Fields], *, may_be_strict: StrictRule) -> Toolbox:
    """The tools of an OpenAI Chat request, and its legacy `functions`. Raises ClientMistake like `read_messages`.

    `may_be_strict` says which schemas the model can be held to.
    """
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
    for kind, function, marked_outside in functions:
        own = function.required_text("name")
        marked = caching.take_mark(function) or marked_outside
        if kind == "custom":
            tools.append(_free_text(names.sent(own), function, marked=marked))
        else:
            tools.append(_function(names.sent(own), function, may_be_strict=may_be_strict, marked=marked))
    return Toolbox(tools=tuple(tools), names=names, hosted=frozenset(hosted))


def read_responses(definitions: list[Fields], *, may_be_strict: StrictRule) -> Toolbox:
    """The tools of a Responses request, those of a namespace under a joined name. Raises ClientMistake like `read_messages`.

    A tool may be defined again further on in the conversation; the newest definition counts, in the place of the first.
    """
    hosted: set[str] = set()
    found = list(_callables(definitions, hosted))
    names = Names(_plain_names([definition for _, namespace, definition in found if not namespace]))
    tools: dict[str, Tool] = {}
    for kind, namespace, definition in found:
        own = definition.required_text("name")
        sent = names.sent(own, namespace)
        tools[sent] = (
            _free_text(sent, definition) if kind == "custom" else _function(sent, definition, may_be_strict=may_be_strict)
        )
    return Toolbox(tools=tuple(tools.values()), names=names, hosted=frozenset(hosted))


def stubs(names: Sequence[str]) -> tuple[Tool, ...]:
    """Definitions for tools that a conversation used and its newest request does not offer: Anthropic asks for some."""
    unique = dict.fromkeys(names)
    return tuple(Tool(name=name, description="Not available any more.", parameters=normal({})) for name in unique)


def for_chat(tool: Tool) -> Json:
    """The definition as Chat Completions takes it."""
    function = {"name": tool.name} | _described(tool.full_description) | {"parameters": tool.parameters}
    strict = {} if tool.strict is None else {"strict": tool.strict}
    return {"type": "function", "function": function | strict}


def for_messages(tool: Tool) -> Json:
    """The definition as Anthropic Messages takes it."""
    strict = {"strict": True} if tool.strict else {}
    schema = {"input_schema": tool.parameters}
    said = {"name": tool.name} | _described(tool.full_description)
    return said | schema | strict | caching.on_block(marked=tool.marked)


def for_responses(tool: Tool) -> Json:
    """The definition as Responses takes it, where a tool is strict unless it says that it is not."""
    if tool.format is not None:
        return {"type": "custom", "name": tool.name} | _described(tool.description) | {"format": tool.format}
    said = {"type": "function", "name": tool.name} | _described(tool.description)
    return said | {"parameters": tool.parameters, "strict": bool(tool.strict)}


def _described(description: str) -> Json:
    return {"description": description} if description else {}


def _plain_names(definitions: list[Fields]) -> list[str]:
    return [name for definition in definitions if isinstance(name := definition.peek("name"), str)]


def _function(name: str, function: Fields, *, may_be_strict: StrictRule, marked: bool = False) -> Tool:
    description, parameters = function.text("description"), _schema(function, "parameters")
    strict = _strict(function, parameters, fits=may_be_strict)
    return Tool(name=name, description=description, parameters=parameters, strict=strict, marked=marked)


def _schema(definition: Fields, key: str) -> Json:
    schema = definition.take(key)
    if schema is None:
        return normal({})
    if not describes_object(schema):
        raise definition.mistake(key, "must be a JSON Schema of an object")
    return normal(schema)


def _strict(definition: Fields, parameters: Json, *, fits: StrictRule) -> bool | None:
    """Whether the model must keep to the schema: carried where upstream can promise it for such a schema, else lost."""
    is_wanted = definition.peek("strict") is True
    return definition.flag("strict") if not is_wanted or fits(parameters) else None


def _callables(definitions: list[Fields], hosted: set[str]) -> Iterator[tuple[str, str, Fields]]:
    """Kind, namespace and definition of each tool that a client runs; the kinds of the others go to `hosted`."""
    for definition in definitions:
        kind = definition.text("type") or "function"
        if kind == "namespace":
            namespace = definition.required_text("name")
            if definition.text("description"):
                definition.lose("namespace.description")
            yield from ((kind, namespace, inner) for kind, _, inner in _callables(definition.objects("tools"), hosted))
        elif kind in _CALLABLE:
            yield kind, "", definition
        else:
            hosted.add(kind)
            definition.drop(kind)


def _free_text(name: str, custom: Fields, *, marked: bool = False) -> Tool:
    """A custom tool. Chat keeps a grammar in an object of its own, Responses does not."""
    description, shape = custom.text("description"), custom.object("format")
    form: Json = {"type": "text"}
    if shape.text("type") == "grammar":
        grammar = shape.object("grammar") if "grammar" in shape else shape
        form = {"type": "grammar", "syntax": grammar.text("syntax"), "definition": grammar.text("definition")}
    return Tool(name=name, description=description, parameters=FREE_TEXT, marked=marked, format=form)
