"""Names of tools and namespaces in a request to /responses: one that is not taken goes up as another, and comes back.

A name stands for itself within its namespace only, so it has a place: the namespace, "" for none, and the name in it. A
namespace's own place has no name in it. Rules: translation.md §1.6, copilot-upstream §3.1.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import objs, string
from copilot_api.translate.free_text import BRINGS_TOOLS
from copilot_api.translate.repair import Target, each
from copilot_api.translate.tool_names import Names

Place: TypeAlias = tuple[str, str]
Places: TypeAlias = Mapping[Place, Place]

NO_PLACES: Places = {}
"""Where every name was sent as it was."""

CALLS = frozenset({"function_call", "custom_tool_call"})
_TOOLS = frozenset({"function", "custom"})


def mapped(body: Json, _target: Target) -> Json:
    """Every name in the request as it is taken."""
    places = _sent(body)
    return each(with_tools(body, places), "input", lambda item: _item(item, places))


def own_places(body: Json) -> Places:
    """From the places under which the names of `body`, before its repair, were sent, to the client's own."""
    return {sent: own for own, sent in _sent(body).items()}


def with_tools(holder: Json, places: Places) -> Json:
    """The tools in `holder` and the choice among them under the names that `places` leads to; itself if these are the same."""
    after = each(holder, "tools", lambda tool: _tool(tool, "", places))
    choice = after.get("tool_choice")
    if not isinstance(choice, dict):
        return after
    chosen = each(_chosen(choice, places), "tools", lambda tool: _chosen(tool, places))
    return after if chosen is choice else after | {"tool_choice": chosen}


def with_call(call: Json, places: Places) -> Json:
    """A call under the names that `places` leads to; itself if these are the same."""
    space, name = string(call.get("namespace")), string(call.get("name"))
    after_space, after_name = places.get((space, name), (space, name))
    return _renamed(_renamed(call, "namespace", after_space), "name", after_name)


def _sent(body: Json) -> dict[Place, Place]:
    """Each place in `body` as it is sent. Definitions before calls: a name that two would like to have is its definition's."""
    defined = list(_defined(body))
    called = [(string(item.get("namespace")), string(item.get("name"))) for item in _items(body, CALLS)]
    spaces = Names(space for space, _ in defined if space)
    scopes = {space for space, _ in (*defined, *called)}
    names = {scope: Names(name for space, name in defined if space == scope and name) for scope in scopes}
    return {
        (space, name): (spaces.sent(space) if space else "", names[space].sent(name) if name else "")
        for space, name in (*defined, *called)
    }


def _defined(body: Json) -> Iterator[Place]:
    for holder in (body, *_items(body, BRINGS_TOOLS)):
        yield from _defined_in(holder, "")


def _defined_in(holder: Json, space: str) -> Iterator[Place]:
    for tool in objs(holder.get("tools")):
        if tool.get("type") == "namespace":
            own = string(tool.get("name"))
            yield own, ""
            yield from _defined_in(tool, own)
        elif string(tool.get("type")) in _TOOLS:
            yield space, string(tool.get("name"))


def _items(body: Json, kinds: frozenset[str]) -> list[Json]:
    return [item for item in objs(body.get("input")) if string(item.get("type")) in kinds]


def _item(item: Json, places: Places) -> Json:
    kind = string(item.get("type"))
    if kind in BRINGS_TOOLS:
        return each(item, "tools", lambda tool: _tool(tool, "", places))
    return with_call(item, places) if kind in CALLS else item


def _tool(tool: Json, space: str, places: Places) -> Json:
    name = string(tool.get("name"))
    if tool.get("type") == "namespace":
        inside = each(tool, "tools", lambda inner: _tool(inner, name, places))
        return _renamed(inside, "name", places.get((name, ""), (name, ""))[0])
    if string(tool.get("type")) not in _TOOLS:
        return tool
    return _renamed(tool, "name", places.get((space, name), (space, name))[1])


def _chosen(choice: Json, places: Places) -> Json:
    """A choice may leave out the namespace of the tool that it names."""
    if string(choice.get("type")) not in _TOOLS:
        return choice
    space, name = string(choice.get("namespace")), string(choice.get("name"))
    place = next((place for place in ((space, name), *places) if place in places and place[1] == name), (space, name))
    after_space, after_name = places.get(place, place)
    named = _renamed(choice, "name", after_name)
    return _renamed(named, "namespace", after_space) if space else named


def _renamed(holder: Json, key: str, name: str) -> Json:
    return holder if not name or holder.get(key) == name else holder | {key: name}
