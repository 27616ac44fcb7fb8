"""What a translated request is made of."""

from collections.abc import Callable
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate.fields import Fields
from copilot_api.translate.tools import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request in Copilot's dialect, and what is needed to put the answer back into the client's.

    `losses` are dotted names of what the other dialect cannot carry ("top_k", "messages.content.cache_control").
    `tool_names` leads from a tool's name as sent up to the client's own, for those that had to change; `custom_tools` are
    the names as sent up of tools that take free text: their `arguments.input` has to be unwrapped in the answer.
    `namespaces` leads from a tool's name as sent up to the namespace and name that a Responses client knows it by.
    """

    body: Json
    losses: frozenset[str] = frozenset()
    tool_names: dict[str, str] = field(default_factory=dict)
    custom_tools: frozenset[str] = frozenset()
    namespaces: dict[str, tuple[str, str]] = field(default_factory=dict)

    @staticmethod
    def of(body: Json, fields: Fields, toolbox: Toolbox) -> "Request":
        """`body`, made of all that was taken from `fields`, with the names of the tools in `toolbox`."""
        return Request(
            body=body,
            losses=frozenset(fields.losses()),
            tool_names=toolbox.names.changed,
            custom_tools=toolbox.custom,
            namespaces=toolbox.names.namespaces,
        )


def translated(body: Json, model: Model, translate: Callable[[Fields, Model], Request]) -> Request:
    """What `translate` makes of the fields of `body`, which stays as it is. Raises ClientMistake, also for endless nesting."""
    try:
        return translate(Fields(body), model)
    except RecursionError as error:
        raise ClientMistake("The request is nested too deeply", code="invalid_json") from error
