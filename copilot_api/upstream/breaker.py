"""Spares requests the wait for a host that cannot be reached: while that lasts, they are refused at once.

A state machine without a socket. What counts against a host is only that no connection to it comes about, and only when that
goes on: three times in a row over five seconds, so that a hiccup never shuts anybody out. Whatever a host answers, be it an
error, proves that it is there. While the breaker is open, one attempt at a time finds out whether the host is back, after rests
that grow to a quarter of a minute; the first that reaches it closes the breaker.
"""

import logging
import math
from collections.abc import Callable

from copilot_api.errors import CopilotApiError, UpstreamUnreachable
from copilot_api.upstream.clock import Clock, Since

TRIES = 3
LASTING_S = 5.0
FORGOTTEN_S = 60.0
"""Seconds after which a failed attempt says nothing about the next one."""

FIRST_REST_S = 1.0
LONGEST_REST_S = 15.0

_log = logging.getLogger(__name__)


class Breaker:
    """Owns whether `who` can be reached. Listeners are told when that changes."""

    def __init__(self, who: str, clock: Clock) -> None:
        self._who = who
        self._clock = clock
        self._era = 0  # counts what made earlier attempts old news
        self._misses = 0
        self._began = self._missed_at = self._rested_from = Since(clock)
        self._rest_s = 0.0
        self._reason: CopilotApiError = UpstreamUnreachable(f"{who} could not be reached")
        self._probe: Attempt | None = None
        self._listeners: list[Callable[[], None]] = []
        self.is_open = False

    @property
    def due_in_s(self) -> float:
        """Seconds until it may be found out whether the host is back; infinite while nothing is to be found out."""
        if not self.is_open or self._probe is not None:
            return math.inf
        return max(0.0, self._rest_s - self._rested_from.seconds())

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` whenever `is_open` has changed. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def check(self) -> None:
        """Raises UpstreamUnreachable when `admit` would."""
        if self.is_open and self.due_in_s > 0:
            raise self._refusal()

    def admit(self) -> "Attempt":
        """Leave to try; whoever gets it tells how it went. Raises UpstreamUnreachable."""
        self.check()
        attempt = Attempt(self, Since(self._clock), self._era, is_probe=self.is_open)
        if self.is_open:
            self._probe = attempt
        return attempt

    def reset(self) -> None:
        """The network is another, or the machine has slept: what was found out before means nothing."""
        self._close()

    def reached(self) -> None:
        """The host answered, to whomever."""
        self._close()

    def _missed(self, attempt: "Attempt", problem: CopilotApiError) -> None:
        if attempt.era != self._era:
            return
        if self.is_open:
            if self._probe is attempt:
                self._rest(min(LONGEST_REST_S, self._rest_s * 2))
            return
        if self._misses and self._missed_at.seconds() > FORGOTTEN_S:
            self._misses = 0
        if not self._misses:
            self._began = attempt.began
        self._misses += 1
        self._missed_at, self._reason = Since(self._clock), problem
        if self._misses >= TRIES and self._began.awake_s() >= LASTING_S:
            self._rest(FIRST_REST_S)
            self._turn(is_open=True)

    def _let_go(self, attempt: "Attempt") -> None:
        if self._probe is attempt:
            self._probe = None

    def _rest(self, seconds: float) -> None:
        self._probe, self._rest_s, self._rested_from = None, seconds, Since(self._clock)

    def _close(self) -> None:
        self._era += 1
        self._misses, self._probe = 0, None
        self._turn(is_open=False)

    def _turn(self, *, is_open: bool) -> None:
        if is_open != self.is_open:
            self.is_open = is_open
            if is_open:
                _log.warning("%s; requests are answered at once until that is over", self._reason.message)
            else:
                _log.info("%s can be reached again", self._who)
            for listener in tuple(self._listeners):
                listener()

    def _refusal(self) -> UpstreamUnreachable:
        again_s = 1 if self._probe else math.ceil(self.due_in_s)
        return UpstreamUnreachable(
            f"{self._reason.message}; that has been so for {self._began.seconds():.0f} s, and it is tried again in {again_s} s",
            retry_after_s=again_s,
            hint=self._reason.hint,
        )


class Attempt:
    """One try to reach the host, and how it went: the first word counts. `is_probe`: others wait for it."""

    def __init__(self, breaker: Breaker, began: Since, era: int, *, is_probe: bool) -> None:
        self.began = began
        self.era = era
        self.is_probe = is_probe
        self._breaker = breaker
        self._is_over = False

    def reached(self) -> None:
        """There was an answer, or at least a connection."""
        if self._ends():
            self._breaker.reached()

    def missed(self, problem: CopilotApiError) -> None:
        """No connection came about."""
        if self._ends():
            self._breaker._missed(self, problem)  # noqa: SLF001 - two halves of one thing

    def let_go(self) -> None:
        """Nobody knows: it was given up."""
        if self._ends():
            self._breaker._let_go(self)  # noqa: SLF001

    def _ends(self) -> bool:
        was_over, self._is_over = self._is_over, True
        return not was_over
