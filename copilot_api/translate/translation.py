"""What the relay knows of a request on its way: bytes to send, bytes to hand on, and nothing of any dialect."""

from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from copilot_api.dialects import sse
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj
from copilot_api.dialects.sse import Sse
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused
from copilot_api.translate.beginning import Beginning
from copilot_api.translate.learned import Lesson
from copilot_api.translate.repair import Endpoint, Target
from copilot_api.translate.retries import Again, Sent, again

Client = Literal["chat", "messages", "responses", "gemini"]
MOST_CHANGES = 4
"""How often a refused request is changed and sent again; sending the same again is bounded by the table."""

OWN_ENDPOINTS: dict[Client, Endpoint] = {"chat": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}
"""Where Copilot speaks a client's own dialect; Gemini's it speaks nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request ready to be sent, and what the way back must know of it.

    `asked` is the client's body, `body` what is sent instead, `request` that as bytes: the client's own where nothing was
    changed. `tool_names` maps names as sent to the client's, `namespaces` to the client's namespace and name;
    `custom_tools` are the names as sent of the client's tools that take free text.
    `wants_usage`: a Chat client asked for the count of its stream; `merges`: it asked for one choice. `target` is what the
    repairs went by.
    """

    client: Client
    endpoint: Endpoint
    asked: Json
    body: Json
    request: bytes
    stream_upstream: bool
    stream_client: bool
    betas: tuple[str, ...]
    losses: frozenset[str]
    repairs: tuple[str, ...]
    tool_names: dict[str, str]
    custom_tools: frozenset[str]
    namespaces: dict[str, tuple[str, str]]
    model: Model
    target: Target
    stamp: Stamp
    wants_usage: bool
    merges: bool


class WayBack(Protocol):
    """What becomes of an answer: watched on its way through, put together, or rewritten in the client's dialect."""

    @property
    def usage(self) -> Counted | None: ...
    @property
    def finished(self) -> bool: ...
    @property
    def failed(self) -> CopilotApiError | None: ...
    @property
    def repairs(self) -> AbstractSet[str]: ...

    def frame(self, sse: Sse) -> bytes:
        """What the client gets for one frame of the upstream stream."""

    def close(self) -> bytes:
        """What the client gets when the upstream stream has ended; raises where it gets a whole answer or none."""

    def whole(self, answer: Json) -> Json:
        """The client's answer for a complete upstream answer; the same object where nothing was changed."""

    def fail(self, problem: CopilotApiError) -> bytes:
        """The problem as the end of a stream that has begun."""

    def heartbeat(self) -> bytes:
        """What the client takes for a sign of life while the model is silent."""


class Translation:
    """One request and its answer; one object per request, never shared.

    `request` goes to `endpoint` with `betas`; `stream_upstream` says how the answer will come. `losses` names what the other
    dialect cannot carry. Where the client wants a whole answer and Copilot streams, `feed` gives nothing and `close` all.
    `answer`, where there is one, is what the client gets without anything being sent.
    """

    def __init__(self, prepared: Prepared, way_back: WayBack, *, answer: bytes | None = None) -> None:
        self.answer = answer
        self.request = prepared.request
        self.endpoint: Endpoint = prepared.endpoint
        self.betas = prepared.betas
        self.stream_upstream = prepared.stream_upstream
        self.losses = prepared.losses
        self._prepared = prepared
        self._back = way_back
        self._frames = sse.SseDecoder()
        self._beginning = Beginning(prepared.endpoint)
        self._body = prepared.body
        self._tried: tuple[str, ...] = ()
        self._changes = 0
        self.beats = 0
        """How many signs of life it gave."""
        self.lessons: frozenset[Lesson] = frozenset()

    @property
    def is_passthrough(self) -> bool:
        """Whether client and model speak the same dialect."""
        return OWN_ENDPOINTS.get(self._prepared.client) == self.endpoint

    @property
    def repairs(self) -> tuple[str, ...]:
        """The names of the repairs that fired so far, the request's first."""
        return (*self._prepared.repairs, *dict.fromkeys(self._tried), *sorted(self._back.repairs))

    @property
    def usage(self) -> Counted | None:
        """The tokens that Copilot counted, once it has said so."""
        return self._back.usage

    @property
    def finished(self) -> bool:
        """Whether the answer's end was seen: only usage and end marks may follow."""
        return self._back.finished

    @property
    def failed(self) -> CopilotApiError | None:
        """Why the answer was not completed, if so."""
        return self._back.failed

    @property
    def refused(self) -> UpstreamRefused | None:
        """The refusal that came in the place of an answer; the client has none of it yet, and `close` would give it that."""
        return self._beginning.refusal

    @property
    def held_bytes(self) -> int:
        """How much there is of an event that is not complete yet."""
        return self._frames.held_bytes

    def feed(self, chunk: bytes) -> bytes:
        """What the client gets for a chunk of the upstream stream: often nothing, never half an event."""
        return b"".join([self._back.frame(frame) for frame in self._beginning.feed(self._frames.feed(chunk))])

    def release(self) -> bytes:
        """What was kept back of the answer's beginning, which is then no longer open to be mended."""
        return b"".join([self._back.frame(frame) for frame in self._beginning.release()])

    def close(self) -> bytes:
        """What the client gets when the upstream stream has ended.

        Raises the problem where the client waits for a whole answer and there is none.
        """
        last = [*self._beginning.feed(self._frames.close())]
        last += self._beginning.rest()
        said = [self._back.frame(frame) for frame in last]
        return b"".join(said) + self._back.close()

    def look(self, body: bytes) -> None:
        """Takes note where a complete upstream answer says that it is `refused`."""
        with suppress(ValueError):
            self._beginning.look(obj(loads(body)) if b'"failed"' in body else {})

    def whole(self, body: bytes) -> bytes:
        """The client's answer for a complete upstream answer. Raises UpstreamBroke when it is not one."""
        try:
            answer = loads(body)
        except ValueError as error:
            raise UpstreamBroke("Copilot's answer is not JSON") from error
        if not isinstance(answer, dict):
            raise UpstreamBroke("Copilot's answer is not a JSON object")
        after = self._back.whole(answer)
        return body if after is answer else dumps(after)

    def fail(self, problem: CopilotApiError) -> bytes:
        """The problem as the end of a stream that has begun."""
        return self._back.fail(problem)

    def start_over(self) -> None:
        """Forgets the answer that was `refused`: another one will come."""
        self._frames, self._beginning = sse.SseDecoder(), Beginning(self.endpoint)

    def heartbeat(self) -> bytes:
        """A sign of life between two events, best of all that the answer begins; nothing for who waits for a whole one."""
        if not self._prepared.stream_client:
            return b""
        self.beats += 1
        return (b"" if self.refused else self.release()) or self._back.heartbeat()

    def follow(self, earlier: "Translation") -> None:
        """Goes on where the signs of life of `earlier`, which has the same stamp, have left off."""
        for _ in range(earlier.beats):
            self.heartbeat()

    def after_refusal(self, problem: UpstreamRefused) -> Again | None:
        """What to do about a refusal; None when it stands. `request` and `betas` are then what is to be sent.

        One thing mended may bring out the next, so this may be asked again, a few times. `lessons` are what the model proves
        to refuse if the request is taken in the end.
        """
        target = replace(self._prepared.target, betas=self.betas)
        sent = Sent(body=self._body, endpoint=self.endpoint, target=target, tried=self._tried)
        found = again(sent, problem)
        if found is None or (self._changes == MOST_CHANGES and found.body is not self._body):
            return None
        self._tried += (found.name,)
        self.betas = found.betas
        self.lessons |= found.lessons
        self.losses |= {lesson.loss for lesson in found.lessons if lesson.path}
        if found.body is not self._body:
            self._changes += 1
            self._body, self.request = found.body, dumps(found.body)
        return found
