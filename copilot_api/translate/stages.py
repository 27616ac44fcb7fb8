"""What happens to an answer's events between upstream's decoder and the client's encoder: one small stage for each concern."""

from collections.abc import Sequence
from typing import Protocol

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.events import Closed, Event, Refused, Text, Thought, ToolInput, ToolOpened
from copilot_api.translate import carrier
from copilot_api.translate.repair import Endpoint
from copilot_api.translate.translation import Prepared

_ORIGINS: dict[Endpoint, carrier.Origin] = {"/chat/completions": "c", "/v1/messages": "m", "/responses": "r"}

_AFTER_THINKING = (Text, Refused, ToolOpened, Closed)


class Stage(Protocol):
    """Takes one event, gives what becomes of it: nearly always the event, so nothing is made for that."""

    def feed(self, event: Event) -> Sequence[Event]: ...


def stages(prepared: Prepared) -> tuple[Stage, ...]:
    """The stages of an answer, in order."""
    own: list[Stage] = []
    if prepared.custom_tools:
        own.append(_CustomTools(prepared.custom_tools))
    if prepared.tool_names or prepared.namespaces:
        own.append(_Names(prepared))
    own.append(_Seal(prepared))
    if (prepared.endpoint, prepared.client) == ("/responses", "chat"):
        own.append(_Paragraphs())
    return tuple(own)


class _Names:
    """Tools under the names, and in the namespaces, that the client knows them by."""

    def __init__(self, prepared: Prepared) -> None:
        self._names = prepared.tool_names
        self._namespaces = prepared.namespaces

    def feed(self, event: Event) -> Sequence[Event]:
        if not isinstance(event, ToolOpened):
            return (event,)
        namespace, name = self._namespaces.get(event.name, (event.namespace, self._names.get(event.name, event.name)))
        return (ToolOpened(index=event.index, id=event.id, name=name, custom=event.custom, namespace=namespace),)


class _CustomTools:
    """Calls of tools that take free text: upstream wraps it as `{"input": text}`, and it is unwrapped when it is complete.

    Before the client's names are back: two of its tools may differ in nothing but their namespaces.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._inputs: dict[int, list[str]] = {}

    def feed(self, event: Event) -> Sequence[Event]:
        match event:
            case ToolOpened(index=index, name=name, custom=False) if name in self._names:
                self._inputs[index] = []
                return (ToolOpened(index=index, id=event.id, name=name, custom=True, namespace=event.namespace),)
            case ToolInput(index=index, json=json) if index in self._inputs:
                self._inputs[index].append(json)
                return ()
            case Closed():
                inputs = [ToolInput(index=index, json=unwrapped("".join(told))) for index, told in self._inputs.items()]
                return (*inputs, event)
            case _:
                return (event,)


def unwrapped(json: str) -> str:
    """The text in `{"input": text}`; what is not that is the text itself."""
    wrapped = (parse(json) or {}).get("input")
    return wrapped if isinstance(wrapped, str) else json


class _Seal:
    """Reasoning signatures as the client can keep them: wrapped, so that only this model's endpoint gets them back.

    Clients return reasoning only with a signature, so reasoning without one gets an empty wrapper.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._origin = _ORIGINS[prepared.endpoint]
        self._family = carrier.family(prepared.model)
        self._unsealed: int | None = None

    def feed(self, event: Event) -> Sequence[Event]:
        if isinstance(event, Thought):
            return (self._thought(event),)
        if self._unsealed is None or not isinstance(event, _AFTER_THINKING):
            return (event,)
        seal = Thought(signature=carrier.pack("", origin=self._origin, family=self._family), part=self._unsealed)
        self._unsealed = None
        return (seal, event)

    def _thought(self, event: Thought) -> Event:
        if event.redacted:
            return Thought(redacted=carrier.pack(event.redacted, origin="redacted", family=self._family), part=event.part)
        if event.signature:
            self._unsealed = None
            return Thought(signature=carrier.pack(event.signature, origin=self._origin, family=self._family), part=event.part)
        self._unsealed = event.part
        return event


class _Paragraphs:
    """A chat message has one text: what Responses said in several messages is set apart by a blank line (translation §2.2)."""

    def __init__(self) -> None:
        self._part: int | None = None

    def feed(self, event: Event) -> Sequence[Event]:
        if not isinstance(event, Text):
            return (event,)
        begins_anew = self._part not in {None, event.part}
        self._part = event.part
        return (Text(text="\n\n", part=event.part), event) if begins_anew else (event,)
