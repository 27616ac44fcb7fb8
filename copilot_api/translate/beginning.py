"""The beginning of an answer, kept back until it is known to be one.

Copilot's /responses may take a request, begin its answer, and only then say what it would otherwise have said as a 400: that
it cannot read encrypted content, for one. As long as the client has none of the answer, that is a refusal like any other.
Source: copilot-upstream §4.2, §4.3.
"""

from collections.abc import Iterable

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.read import obj, string
from copilot_api.dialects.responses_decoder import problem_in
from copilot_api.dialects.sse import Sse
from copilot_api.errors import Kind, UpstreamRefused
from copilot_api.translate.repair import Endpoint

MOST_KEPT = 1000
"""So many frames are no beginning any more."""

_OPENING = frozenset({"response.created", "response.queued", "response.in_progress", "keepalive"})
_FAILURES = frozenset({"error", "response.failed"})
# A limit that was hit, a filter or a prompt that is too long has a status of its own, and no other request helps.
_LIKE_A_400: frozenset[Kind] = frozenset({"server", "invalid_request"})


class Beginning:
    """The first frames of one answer of `endpoint`, or a whole answer. `refusal` is what it turned out to be instead."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.refusal: UpstreamRefused | None = None
        self._is_over = endpoint != "/responses"
        self._kept: list[Sse] = []
        self._refused: list[Sse] = []

    def feed(self, frames: Iterable[Sse]) -> Iterable[Sse]:
        """What may be handed on now: nothing while the answer only begins, and all from the first of its events on."""
        if self._is_over:
            return frames
        return [ready for frame in frames for ready in self._take(frame)]

    def look(self, answer: Json) -> None:
        """Takes note of a whole answer that is a refusal."""
        if not self._is_over and answer.get("status") == "failed":
            self.refusal = _refusal(answer)

    def release(self) -> list[Sse]:
        """What was kept back. If that is anything, it is the answer from now on, whatever comes."""
        kept, self._kept = self._kept, []
        self._is_over = self._is_over or bool(kept)
        return kept

    def rest(self) -> list[Sse]:
        """The frames of a refusal that stands, after what came before it."""
        kept, refused, self._refused = self.release(), self._refused, []
        return [*kept, *refused]

    def _take(self, frame: Sse) -> list[Sse]:
        if self._is_over:
            return [frame]
        kind, data = _read(frame)
        if self.refusal is None and kind in _FAILURES:
            self.refusal = _refusal(data)
        if self.refusal:
            self._refused.append(frame)
            return []
        self._kept.append(frame)
        is_over = bool(frame.data and kind not in _OPENING) or len(self._kept) == MOST_KEPT
        return self.release() if is_over else []


def _read(frame: Sse) -> tuple[str, Json]:
    try:
        data = obj(loads(frame.data)) if frame.data else {}
    except ValueError:
        return "", {}
    return string(data.get("type")) or frame.event, data


def _refusal(data: Json) -> UpstreamRefused | None:
    problem = problem_in(obj(data.get("response")) or data)
    if problem.kind not in _LIKE_A_400:
        return None
    return UpstreamRefused(problem.message, status=400, kind="invalid_request", code=problem.code, param=problem.param)
