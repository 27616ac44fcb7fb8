"""Which requests to Copilot go out once more, and how often they may, each and all together.

Sources: copilot-upstream §8 and §8.1, users.md row 5. Never after 402 and 429, nor where Copilot names a time to wait for: the
client is told that time, and nobody is hammered. What is known not to have arrived, or was answered, is sent again for anybody;
of what was lost on the way nobody knows, so it is sent again as the agent's, and not where the client does that itself.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Literal

from aiohttp import ClientConnectorError, ClientOSError, ClientPayloadError, ServerDisconnectedError, ServerTimeoutError
from aiohttp.http_exceptions import ContentEncodingError

from copilot_api.upstream import refusals
from copilot_api.upstream.clock import Clock, Since
from copilot_api.upstream.network import was_never_connected, was_shut_out

Replay = Literal["token-renewed", "connection-awaited", "connection-replayed", "hiccup-replayed", "failure-replayed"]

REPLAYS: frozenset[Replay] = frozenset(
    {"token-renewed", "connection-awaited", "connection-replayed", "hiccup-replayed", "failure-replayed"}
)
"""Why the same request may go out once more, as the table of repairs (`translate.repairs`) names it."""

PAUSES_S: dict[Replay, tuple[float, ...]] = {
    "token-renewed": (0.0,),
    "connection-awaited": (0.3, 1.0),  # a resolver or a proxy that starts anew, a laptop that has just woken up
    "connection-replayed": (0.0,),
    "hiccup-replayed": (0.0,),
    "failure-replayed": (0.5,),
}
"""How often a request is sent again for each reason, and after how many seconds."""

UNCERTAIN: frozenset[Replay] = frozenset({"connection-replayed", "failure-replayed"})
"""Nobody knows whether the first was counted: the official client says "agent" then (premium-requests.md §3)."""

MOST = 3
"""How often one request is sent again, whatever the reasons."""

BUDGET = 20
"""How many requests may be sent again in a row while nothing is answered."""

REFILL_S = 10.0
PER_ANSWER = 0.2

_FAILURES = frozenset({500, 502, 504})


class Budget:
    """Bounds what is sent again over all requests, so that an outage is not met with twice the load.

    Each one costs one; every answer gives a fifth of one back, and time one in ten seconds.
    """

    def __init__(self, clock: Clock, *, size: float = BUDGET) -> None:
        self._clock = clock
        self._size = self._left = size
        self._counted_at = Since(clock)

    def take(self) -> bool:
        """Whether one more may be sent again."""
        self._give(self._counted_at.awake_s() / REFILL_S)
        self._counted_at = Since(self._clock)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def answered(self) -> None:
        """Copilot answered a request as it should."""
        self._give(PER_ANSWER)

    def _give(self, amount: float) -> None:
        self._left = min(self._size, self._left + amount)


class Resendings:
    """How often one request was sent again, and why."""

    def __init__(self, budget: Budget, allowed: AbstractSet[Replay]) -> None:
        self._budget = budget
        self._allowed = allowed
        self._done: list[Replay] = []

    @property
    def names(self) -> frozenset[Replay]:
        """The reasons so far."""
        return frozenset(self._done)

    @property
    def is_uncertain(self) -> bool:
        """Whether what is sent now may have been counted already."""
        return any(name in UNCERTAIN for name in self._done)

    def pause_s(self, name: Replay | None) -> float | None:
        """Seconds after which it may be sent again for that reason; None when it may not."""
        if name is None or name not in self._allowed or len(self._done) == MOST:
            return None
        pauses, times = PAUSES_S[name], self._done.count(name)
        # Many requests meet an expired token at once; what bounds these is how often a token is fetched.
        if times == len(pauses) or not (name == "token-renewed" or self._budget.take()):
            return None
        self._done.append(name)
        return pauses[times]


def after_loss(error: Exception, *, is_replayable: bool) -> Replay | None:
    """Why a request that got no answer may be sent again, if it may."""
    if was_never_connected(error):
        has_waited = isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError)
        return None if has_waited else "connection-awaited"
    if was_shut_out(error) or not is_replayable:
        return None
    return "connection-replayed" if _was_cut(error) else None


def after_status(status: int, headers: Mapping[str, str], body: bytes) -> Replay | None:
    """Why a request that was answered with an error may be sent again, if it may. 401 and 403 are the token's affair."""
    if refusals.is_hiccup(status, body):
        return "hiccup-replayed"
    return "failure-replayed" if status in _FAILURES and "retry-after" not in headers else None


def _was_cut(error: Exception) -> bool:
    """Whether a connection that stood was lost, as opposed to an answer that never came."""
    if isinstance(error, ClientConnectorError | ServerTimeoutError) or isinstance(error.__cause__, ContentEncodingError):
        return False
    return isinstance(error, ServerDisconnectedError | ConnectionError | ClientOSError | ClientPayloadError)
