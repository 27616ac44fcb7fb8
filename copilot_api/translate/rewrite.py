"""An answer in one dialect, written anew in another: upstream's decoder, the events, the client's encoder."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from copilot_api.dialects import chat, gemini, messages, responses
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
    Events,
    Failed,
    Opened,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.sse import Sse
from copilot_api.dialects.weight import BLOCK, PART, PIECE, Weight
from copilot_api.errors import CopilotApiError
from copilot_api.translate.repair import Endpoint
from copilot_api.translate.stages import stages
from copilot_api.translate.translation import Client, Prepared

Decoder: TypeAlias = chat.Decoder | messages.Decoder | responses.Decoder
Encoder: TypeAlias = chat.Encoder | messages.Encoder | responses.Encoder | gemini.Encoder

_DECODERS: dict[Endpoint, Callable[[], Decoder]] = {
    "/chat/completions": chat.Decoder,
    "/v1/messages": messages.Decoder,
    "/responses": responses.Decoder,
}
_WHOLE: dict[Endpoint, Callable[[Json], Iterator[Event]]] = {
    "/chat/completions": chat.whole,
    "/v1/messages": messages.whole,
    "/responses": responses.whole,
}
_ENCODERS: dict[Client, Callable[[Prepared], Encoder]] = {
    "chat": lambda prepared: chat.Encoder(prepared.stamp, with_usage=prepared.wants_usage),
    "messages": lambda prepared: messages.Encoder(prepared.stamp),
    "responses": lambda prepared: responses.Encoder(prepared.stamp, request=prepared.asked),
    "gemini": lambda prepared: gemini.Encoder(prepared.stamp, request=prepared.asked),
}
_COLLECT: dict[Client, Callable[[Events, Prepared], Json]] = {
    "chat": lambda events, prepared: chat.collect(events, prepared.stamp),
    "messages": lambda events, prepared: messages.collect(events, prepared.stamp),
    "responses": lambda events, prepared: responses.collect(events, prepared.stamp, request=prepared.asked),
    "gemini": lambda events, prepared: gemini.collect(events, prepared.stamp, request=prepared.asked),
}
BYTES_PER_TOKEN = 4
_WITH_TEXT = (Text, Thought)


class Rewrite:
    """The way back of a translated request."""

    def __init__(self, prepared: Prepared) -> None:
        self.usage: Counted | None = None
        self.failed: CopilotApiError | None = None
        self.repairs: set[str] = set()
        self._prepared = prepared
        self._decoder = _DECODERS[prepared.endpoint]()
        self._encoder = _ENCODERS[prepared.client](prepared)
        self._stages = stages(prepared)
        self._written = 0
        self._weight = Weight()
        self._part: tuple[type, int] | None = None
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
        return dumps(_COLLECT[self._prepared.client](self._kept, self._prepared))

    def whole(self, answer: Json) -> Json:
        """The client's answer for a complete one of upstream's."""
        events = self._translated(_WHOLE[self._prepared.endpoint](answer))
        return _COLLECT[self._prepared.client](events, self._prepared)

    def fail(self, problem: CopilotApiError) -> bytes:
        """The problem as the end of a stream that has begun."""
        self.failed = problem
        return self._encoder.feed(Failed(problem=problem))

    def heartbeat(self) -> bytes:
        """A sign of life, as the client's dialect has it."""
        return self._encoder.heartbeat()

    def _write(self, events: Iterable[Event]) -> bytes:
        if self._prepared.stream_client:
            return b"".join([self._encoder.feed(event) for event in self._translated(events)])
        self._kept += self._translated(events)
        return b""

    def _translated(self, events: Iterable[Event]) -> list[Event]:
        told: list[Event] = []
        for event in events:
            if isinstance(event, Closed) and (self.usage is None or self.usage.estimated):
                self._note(estimated := self.estimated())
                told.append(estimated)
            for after in self._through(event):
                self._note(after)
                told.append(after)
        return told

    def _through(self, event: Event) -> Sequence[Event]:
        """What the stages make of `event`, one after the other: nearly always one event of one."""
        events: Sequence[Event] = (event,)
        for stage in self._stages:
            is_one = len(events) == 1
            events = stage.feed(events[0]) if is_one else [after for before in events for after in stage.feed(before)]
        return events

    def _note(self, event: Event) -> None:
        if isinstance(event, _WITH_TEXT):
            self._written += len(event.text)
            part = (type(event), event.part)
            self._weight.add(len(event.text) + (PIECE if part == self._part else PART))
            self._part = part
        elif isinstance(event, ToolInput):
            self._written += len(event.json)
            self._weight.add(len(event.json) + PIECE)
        elif isinstance(event, ToolOpened):
            self._weight.add(BLOCK)
        elif isinstance(event, Counted):
            self.usage = event
        elif isinstance(event, Failed):
            self.failed = event.problem

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
    return dumps(_COLLECT[prepared.client](nothing, prepared))
