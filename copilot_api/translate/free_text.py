"""Tools that take free text: where a model cannot be offered one, it is a function that takes the text wrapped in JSON.

Source: copilot-upstream §4.2; the wrapping: translation.md §1.6.
"""

from collections.abc import Iterator

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import objs, string

BRINGS_TOOLS = frozenset({"additional_tools", "tool_search_output"})
"""The items of a Responses conversation that bring tools along."""


def is_taken(model: Model) -> bool:
    """Whether `model` may be offered such a tool as it is: Copilot lets Codex's own models only."""
    return "codex" in model.id


def named(body: Json) -> frozenset[tuple[str, str]]:
    """Namespace and name of the free-text tools in a Responses request, wherever they stand."""
    holders = [body, *(item for item in objs(body.get("input")) if string(item.get("type")) in BRINGS_TOOLS)]
    return frozenset(name for holder in holders for name in _named(holder, ""))


def wrapped(text: str) -> str:
    """The arguments of the function for the tool's input."""
    return dumps_text({"input": text})


def unwrapped(arguments: str) -> str:
    """The tool's input from the arguments of the function; the arguments themselves where a model did not keep to the form."""
    text = (parse(arguments) or {}).get("input")
    return text if isinstance(text, str) else arguments


def _named(holder: Json, namespace: str) -> Iterator[tuple[str, str]]:
    for tool in objs(holder.get("tools")):
        if tool.get("type") == "custom":
            yield namespace, string(tool.get("name"))
        elif tool.get("type") == "namespace":
            yield from _named(tool, string(tool.get("name")))
