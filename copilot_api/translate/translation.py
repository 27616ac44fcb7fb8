"""What the relay knows of a request on its way: bytes to send, bytes to hand on, and nothing of any dialect."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal, Protocol

from copilot_api.dialects import sse
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.models import Model
from copilot_api.dialects.sse import Sse
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused
from copilot_api.translate.repair import Endpoint
from copilot_api.translate.second_try import mend

Client = Literal["chat", "messages", "responses", "gemini"]
MOST_TRIES = 3
"""How often a refused request is mended and sent again."""

OWN_ENDPOINTS: dict[Client, Endpoint] = {"chat": "/chat/completions", "messages": "/v1/messages", "responses": "/responses"}
"""Where Copilot speaks a client's own dialect; Gemini's it speaks nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request ready to be sent, and what the way back must know of it.

    `asked` is the client's body, `body` what is sent instead, `request` that as bytes: the client's own where nothing was
    changed. `tool_names` maps names as sent to the client's, `namespaces` to the client's namespace and name;
    `custom_tools` are the client's tools that take free text.
    `wants_usage`: a Chat client asked for the count of its stream; `merges`: it asked for one choice.
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
        self._body = prepared.body
        self._tried: tuple[str, ...] = ()

    @property
    def is_passthrough(self) -> bool:
        """Whether client and model speak the same dialect."""
        return OWN_ENDPOINTS.get(self._prepared.client) == self.endpoint

    @property
    def repairs(self) -> tuple[str, ...]:
        """The names of the repairs that fired so far, the request's first."""
        return (*self._prepared.repairs, *self._tried, *sorted(self._back.repairs))

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

    def feed(self, chunk: bytes) -> bytes:
        """What the client gets for a chunk of the upstream stream: often nothing, never half an event."""
        return b"".join([self._back.frame(frame) for frame in self._frames.feed(chunk)])

    def close(self) -> bytes:
        """What the client gets when the upstream stream has ended.

        Raises the problem where the client waits for a whole answer and there is none.
        """
        return b"".join([*map(self._back.frame, self._frames.close()), self._back.close()])

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

    def heartbeat(self) -> bytes:
        """A sign of life between two events; nothing for who waits for a whole answer."""
        return self._back.heartbeat() if self._prepared.stream_client else b""

    def after_refusal(self, problem: UpstreamRefused) -> bytes | None:
        """The request without what Copilot refused, to be sent once more; None when the refusal stands.

        One thing mended may bring out the next, so this may be asked again, a few times.
        """
        again = mend(self.endpoint, self._body, problem) if len(self._tried) < MOST_TRIES else None
        if again is None:
            return None
        self._body, name = again
        self._tried += (name,)
        self.request = dumps(self._body)
        return self.request
