"""An answer in one dialect, written anew in another: upstream's decoder, the events, the client's encoder."""

from collections.abc import Callable, Iterable, Iterator

from copilot_api.dialects import chat, messages
from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
    Events,
    Failed,
    Opened,
    Refused,
    Stamp,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.sse import Sse
from copilot_api.errors import CopilotApiError
from copilot_api.translate import carrier
from copilot_api.translate.repair import Endpoint
from copilot_api.translate.translation import Client, Prepared

_DECODERS: dict[Endpoint, Callable[[], chat.Decoder | messages.Decoder]] = {
    "/chat/completions": chat.Decoder,
    "/v1/messages": messages.Decoder,
}
_WHOLE: dict[Endpoint, Callable[[Json], Iterator[Event]]] = {"/chat/completions": chat.whole, "/v1/messages": messages.whole}
_COLLECT: dict[Client, Callable[[Events, Stamp], Json]] = {"chat": chat.collect, "messages": messages.collect}
BYTES_PER_TOKEN = 4


class Rewrite:
    """The way back of a translated request."""

    def __init__(self, prepared: Prepared) -> None:
        self.usage: Counted | None = None
        self.failed: CopilotApiError | None = None
        self.repairs: set[str] = set()
        self._prepared = prepared
        self._stamp: Stamp = prepared.stamp
        self._decoder = _DECODERS[prepared.endpoint]()
        self._encoder = (
            chat.Encoder(prepared.stamp, with_usage=prepared.wants_usage)
            if prepared.client == "chat"
            else messages.Encoder(prepared.stamp)
        )
        self._seal = _Seal(prepared)
        self._custom = _CustomTools(prepared.custom_tools)
        self._written = 0
        self._kept: list[Event] = []

    @property
    def finished(self) -> bool:
        """Whether only usage and end marks may follow."""
        return self._decoder.finished

    def frame(self, sse: Sse) -> bytes:
        """The client's bytes for one frame; kept back where the client waits for the whole."""
        return self._write(self._decoder.feed(sse))

    def close(self) -> bytes:
        """The end of the stream, or the whole answer. Raises the problem where there is none."""
        last = self._write(self._decoder.close())
        if self._prepared.stream_client:
            return last + self._encoder.close()
        return dumps(_COLLECT[self._prepared.client](self._kept, self._stamp))

    def whole(self, answer: Json) -> Json:
        """The client's answer for a complete one of upstream's."""
        events = self._translated(_WHOLE[self._prepared.endpoint](answer))
        return _COLLECT[self._prepared.client](events, self._stamp)

    def fail(self, problem: CopilotApiError) -> bytes:
        """The problem as the end of a stream that has begun."""
        self.failed = problem
        return self._encoder.feed(Failed(problem=problem))

    def _write(self, events: Iterable[Event]) -> bytes:
        if self._prepared.stream_client:
            return b"".join(map(self._encoder.feed, self._translated(events)))
        self._kept.extend(self._translated(events))
        return b""

    def _translated(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Closed) and (self.usage is None or self.usage.estimated):
                yield self._noted(self.estimated())
            for own in self._custom.feed(self._named(event)):
                yield from self._seal.feed(self._noted(own))

    def _named(self, event: Event) -> Event:
        """A tool's name as the client gave it."""
        if isinstance(event, ToolOpened) and event.name in self._prepared.tool_names:
            return ToolOpened(index=event.index, id=event.id, name=self._prepared.tool_names[event.name])
        return event

    def _noted(self, event: Event) -> Event:
        match event:
            case Text(text=text) | Thought(text=text) | ToolInput(json=text):
                self._written += len(text)
            case Counted():
                self.usage = event
            case Failed(problem=problem):
                self.failed = problem
            case _:
                pass
        return event

    def encode(self, event: Event) -> bytes:
        """The client's bytes for one event of our own."""
        return self._encoder.feed(event)

    def estimated(self) -> Counted:
        """Tokens by length, for the rare answer that Copilot does not count."""
        prompt, output = len(self._prepared.request) // BYTES_PER_TOKEN, self._written // BYTES_PER_TOKEN
        return Counted(prompt=prompt, output=output, estimated=True)


def warmed(prepared: Prepared) -> bytes:
    """The answer to a request for no output at all, which only warms Anthropic's cache: there is nothing to send upstream."""
    rewrite = Rewrite(prepared)
    nothing: list[Event] = [Opened(), rewrite.estimated(), Closed(reason="length")]
    if prepared.stream_client:
        return b"".join(map(rewrite.encode, nothing))
    return dumps(_COLLECT[prepared.client](nothing, prepared.stamp))


class _Seal:
    """Reasoning signatures as the client can keep them: wrapped, so that only this model's endpoint gets them back.

    Clients return reasoning only with a signature, so reasoning without one gets an empty wrapper.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._origin: carrier.Origin = "m" if prepared.endpoint == "/v1/messages" else "c"
        self._family = carrier.family(prepared.model)
        self._unsealed: int | None = None

    def feed(self, event: Event) -> Iterator[Event]:
        if isinstance(event, Thought):
            yield from self._thought(event)
            return
        if self._unsealed is not None and isinstance(event, Text | Refused | ToolOpened | Closed):
            yield Thought(signature=carrier.pack("", origin=self._origin, family=self._family), part=self._unsealed)
            self._unsealed = None
        yield event

    def _thought(self, event: Thought) -> Iterator[Event]:
        if event.redacted:
            yield Thought(redacted=carrier.pack(event.redacted, origin="redacted", family=self._family), part=event.part)
        elif event.signature:
            self._unsealed = None
            yield Thought(signature=carrier.pack(event.signature, origin=self._origin, family=self._family), part=event.part)
        else:
            self._unsealed = event.part
            yield event


class _CustomTools:
    """Calls of tools that take free text: upstream wraps it as `{"input": text}`, and it is unwrapped when it is complete."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._inputs: dict[int, str] = {}

    def feed(self, event: Event) -> Iterator[Event]:
        match event:
            case ToolOpened(index=index, name=name) if name in self._names:
                self._inputs[index] = ""
                yield ToolOpened(index=index, id=event.id, name=name, custom=True)
            case ToolInput(index=index, json=json) if index in self._inputs:
                self._inputs[index] += json
            case Closed():
                for index, json in self._inputs.items():
                    yield ToolInput(index=index, json=_unwrapped(json))
                yield event
            case _:
                yield event


def _unwrapped(json: str) -> str:
    wrapped = (parse(json) or {}).get("input")
    return wrapped if isinstance(wrapped, str) else json
