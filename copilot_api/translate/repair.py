"""The table of what Copilot refuses or gets wrong, and what we do about each: the only edits on the way through.

A repair takes a value and gives the same object back when it has nothing to do, so that what needs no mending is passed on
byte for byte; a mended value is a new one, the client's own is never changed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import is_not
from types import MappingProxyType
from typing import Literal

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate.learned import Lesson, strip

Endpoint = Literal["/chat/completions", "/v1/messages", "/responses"]

TOOL_LIMIT = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: the model, whether the answer is streamed, the `anthropic-beta` values that go with it.

    `lessons` are what the model was found to refuse there. `web_search`: the person has it that /responses may search the web,
    which Copilot allows for some models.
    """

    model: Model
    stream: bool
    betas: tuple[str, ...] = ()
    lessons: frozenset[Lesson] = frozenset()
    web_search: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One known fault of requests: `when` it shows, what we do about it, who established it; `mend` does it."""

    name: str
    when: str
    does: str
    source: str
    mend: Callable[[Json, Target], Json] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One known fault that is mended where it shows, by whoever sees it, if the table has this row."""

    name: str
    when: str
    does: str
    source: str


Faults = Mapping[str, Fault]


def by_name(rows: Iterable[Fault]) -> Faults:
    """A table of faults, to be asked by name."""
    return MappingProxyType({row.name: row for row in rows})


class Fired:
    """Which repairs of faults fired on one request or answer. Only what stands in the table can."""

    def __init__(self, table: Faults) -> None:
        self.names: set[str] = set()
        self._table = table

    def by(self, name: str) -> bool:
        """Whether the repair of that name may be done now, which counts as done."""
        if name not in self._table:
            return False
        self.names.add(name)
        return True


def mended(body: Json, target: Target, table: tuple[Repair, ...]) -> tuple[Json, tuple[str, ...]]:
    """`body` after every repair of `table` that applies, and the names of those.

    Raises ClientMistake, which names the repair, for what can only be refused.
    """
    fired: list[str] = []
    for repair in table:
        try:
            after = repair.mend(body, target)
        except ClientMistake as problem:
            problem.repair = repair.name
            raise
        if after is not body:
            fired.append(repair.name)
            body = after
    return body, tuple(fired)


def without(value: Json, *keys: str) -> Json:
    """`value` without `keys`; itself if it has none of them."""
    rest = value
    for key in keys:
        if key in rest:
            rest = value.copy() if rest is value else rest
            del rest[key]
    return rest


def each(body: Json, key: str, mend: Callable[[Json], Json | None]) -> Json:
    """`body` with `mend` done to every object in its list `key`; None leaves the object out. Itself if nothing changed."""
    items = body.get(key)
    if not isinstance(items, list):
        return body
    after = [mend(item) if isinstance(item, dict) else item for item in items]
    if not any(map(is_not, after, items)):
        return body
    return body | {key: [item for item in after if item is not None]}


def each_message(body: Json, mend: Callable[[Json], Json | None]) -> Json:
    """`each` for the list that every dialect with messages has."""
    return each(body, "messages", mend)


def described(tool: Json) -> Json:
    """`tool` without a blank description; itself if it has none."""
    description = tool.get("description")
    return without(tool, "description") if isinstance(description, str) and not description.strip() else tool


def _few_tools(body: Json, _target: Target) -> Json:
    """Nobody knows which tools could be left out."""
    tools = body.get("tools")
    if isinstance(tools, list) and len(tools) > TOOL_LIMIT:
        raise ClientMistake(
            f"tools: {len(tools)} tools, and Copilot takes {TOOL_LIMIT} at the most",
            hint="switch off some tools or MCP servers in the client",
            code="array_above_max_length",
            param="tools",
        )
    return body


TOOLS_LIMITED = Repair(
    name="tools-limited",
    when="there are more tools than Copilot takes",
    does="refuses the request, and says so",
    source="copilot-upstream §3.1",
    mend=_few_tools,
)
LEARNED = Repair(
    name="learned-fields-dropped",
    when="there are fields that the model was found to refuse",
    does="drops them",
    source="users.md row 3",
    mend=lambda body, target: strip(body, target.lessons),
)
LAST = (TOOLS_LIMITED, LEARNED)
"""The last rows of every table of requests."""
