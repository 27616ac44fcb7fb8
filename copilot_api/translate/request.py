"""What a translated request is made of."""

from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request in Copilot's dialect, and what is needed to put the answer back into the client's.

    `losses` are dotted names of what the other dialect cannot carry ("top_k", "messages.content.cache_control").
    `tool_names` leads from a tool's name as sent up to the client's own, for those that had to change; `custom_tools` are
    the client's names of tools that take free text: their `arguments.input` has to be unwrapped in the answer.
    `namespaces` leads from a tool's name as sent up to the namespace and name that a Responses client knows it by.
    """

    body: Json
    losses: frozenset[str] = frozenset()
    tool_names: dict[str, str] = field(default_factory=dict)
    custom_tools: frozenset[str] = frozenset()
    namespaces: dict[str, tuple[str, str]] = field(default_factory=dict)
