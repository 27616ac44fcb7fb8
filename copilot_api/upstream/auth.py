"""The Copilot token's life: fetched once for all who want it, renewed ahead of time, kept while it lives, never printed."""

import asyncio
import logging
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from copilot_api.errors import (
    NOBODY,
    CopilotApiError,
    KeyringUnusable,
    NotSignedIn,
    PersonNeeded,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from copilot_api.upstream.breaker import Breaker
from copilot_api.upstream.clock import Clock, Since
from copilot_api.upstream.denials import BAD_CREDENTIALS, PROGRAMMATIC, UNAVAILABLE
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.network import was_never_connected

LEAST_LIFE_S = 60.0
GRACE_S = 60.0
AHEAD = 0.8
"""A token is renewed after this part of `refresh_in`, and used for `refresh_in` and a minute more, as VS Code does."""

DIRECT_LIFE_S = 3600.0
"""How long a base URL is believed for a grant that is used as it is."""

SLICE_S = 30.0
"""The longest the background task sleeps in one go: its clock stands still while the machine sleeps."""

BACKOFF_LIMIT_S = 60.0
REFUSED_S = 60.0
SIGNED_OUT_S = 5.0
DISCARDS = 3
DISCARDS_IN_S = 60.0

_log = logging.getLogger(__name__)

Finder = Callable[[], Awaitable[Grant]]
Listener = Callable[["Signed", str], None]


class Signed(StrEnum):
    """Whether requests can be served: IN, OUT (a person must sign in), FAILING (signed in, and GitHub gives no token)."""

    IN = "in"
    OUT = "out"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Token:
    """What Copilot takes as a bearer, and the base URL (no trailing slash) it may be sent to."""

    value: str = field(repr=False)
    api: str


@dataclass(frozen=True, slots=True)
class _Held:
    token: Token
    received: Since
    refresh_in_s: float

    def is_alive(self) -> bool:
        return self.received.seconds() < max(LEAST_LIFE_S, self.refresh_in_s) + GRACE_S

    def due_in_s(self) -> float:
        return max(LEAST_LIFE_S, self.refresh_in_s) * AHEAD - self.received.seconds()


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no new token, and for how long GitHub is not asked again."""

    problem: CopilotApiError
    since: Since
    hold_s: float

    def rest_s(self) -> float:
        return self.hold_s - self.since.seconds()


@dataclass(frozen=True, slots=True)
class _Refused:
    """A grant that GitHub does not accept; asking again at once would bring the same answer."""

    grant: Grant
    problem: NotSignedIn
    since: Since


class CopilotAuth:
    """Owns the grant and the token. `grant` may be a function that finds it: it is asked again when GitHub refuses the last
    one, so that signing in again in another terminal mends a running server. `jitter` gives numbers from 0 to 1; `announce`
    is called with each new token, for a person who asked to see it.
    """

    def __init__(
        self,
        github: GitHub,
        grant: Grant | Finder,
        hosts: Hosts,
        clock: Clock,
        *,
        breaker: Breaker | None = None,
        jitter: Callable[[], float] = random.random,
        announce: Callable[[Token], None] | None = None,
    ) -> None:
        self._github = github
        self._hosts = hosts
        self._clock = clock
        self._breaker = breaker or Breaker("GitHub", clock)
        self._jitter = jitter
        self._announce = announce
        self._grant = grant if isinstance(grant, Grant) else None
        self._find = None if isinstance(grant, Grant) else grant
        self._era = 0  # counts grants, so that an exchange begun with an old one cannot end in its token
        self._held: _Held | None = None
        self._failure: _Failure | None = None
        self._refused: _Refused | None = None
        self._attempts = 0
        self._lock = asyncio.Lock()
        self._discards: deque[Since] = deque(maxlen=DISCARDS)
        self._direct_api = ""
        self._notice = ""
        self._listeners: list[Listener] = []
        self.signed = Signed.OUT
        self.problem: CopilotApiError | None = None

    @property
    def reason(self) -> str:
        """Why not signed in, for people; empty when all is well."""
        return self.problem.text if self.problem else ""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener(signed, reason)` on each change, on the loop's thread. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def token(self) -> Token:
        """A token that lives. Many callers cause one exchange, and share its failure.

        Raises NotSignedIn, SubscriptionMissing, KeyringUnusable, UpstreamRefused, UpstreamUnreachable, UpstreamTimeout.
        """
        held = self._held
        if held and held.is_alive():
            return held.token
        seen = self._attempts
        async with self._lock:
            held = self._held
            if held and held.is_alive():
                return held.token
            if self._failure and self._attempts != seen:
                raise self._failure.problem.with_traceback(None)
            return await self._refresh()

    async def grant(self) -> Grant:
        """The grant in use, for questions to GitHub itself. Raises NotSignedIn, KeyringUnusable."""
        if self._grant is None:
            era, grant = self._era, await self._found()
            self._grant = grant if era == self._era else self._grant
            return grant
        return self._grant

    def discard(self, token: Token) -> None:
        """Copilot refused that token: the next caller gets a new one. Does nothing when there already is another."""
        if not self._held or self._held.token != token:
            return
        # GitHub limits exchanges and watches for automated ones. A token that is refused at once every time is not stale.
        if len(self._discards) == DISCARDS and self._discards[0].seconds() < DISCARDS_IN_S:
            _log.warning("Copilot keeps refusing new tokens; the last one is kept for now")
            return
        self._discards.append(Since(self._clock))
        self._held = None

    async def look_again(self) -> None:
        """Somebody may have signed in, out or anew: goes by what the finder finds now. A token that is still good stays.

        Raises KeyringUnusable; then all is as it was.
        """
        if self._find is None:
            return
        try:
            grant = await self._find()
        except NotSignedIn:
            self.forget()
            return
        if grant != self._grant:
            self.renew(grant)
        elif self._held is None:
            self._failure = self._refused = None

    def renew(self, grant: Grant) -> None:
        """Somebody signed in anew: forgets token and failure, and goes on with `grant`."""
        self._era += 1
        self._grant = grant
        self._held = None
        self._failure = None
        self._refused = None
        self._direct_api = ""

    def forget(self) -> None:
        """Somebody signed out: nothing is served until `renew`, or until the finder finds another grant."""
        self._era += 1
        self._grant = None
        self._held = None
        self._failed(NotSignedIn(NOBODY, hint="run copilot-api auth"))

    async def keep_fresh(self) -> None:
        """The body of a background task: renews ahead of time, for ever. Ends by being cancelled and in no other way."""
        failures = 0
        while True:
            try:
                due_s = self._due_in_s()
                if due_s > 0:
                    await self._clock.sleep(min(due_s, SLICE_S))
                    continue
                await self._refresh_ahead()
                failures = 0
            except CopilotApiError as problem:
                failures += 1
                _log.warning("no new Copilot token: %s", problem.text)
                await self._back_off(failures)
            except Exception:  # noqa: BLE001 - a task's top: it is logged, and the task goes on
                failures += 1
                _log.exception("a fault of our own while renewing the Copilot token; it is tried again")
                await self._back_off(failures)

    async def catch_up(self) -> None:
        """After sleep, or in another network: renews what is due now, or could not be renewed before."""
        try:
            await self._refresh_ahead()
        except CopilotApiError as problem:
            _log.warning("no new Copilot token yet: %s", problem.text)

    async def _back_off(self, failures: int) -> None:
        """Waits, longer each time, unless a token or a new grant comes from elsewhere."""
        wait_s = min(BACKOFF_LIMIT_S, 2.0 ** min(failures, 10)) * (0.5 + self._jitter() / 2)
        era, held, since = self._era, self._held, Since(self._clock)
        while (rest_s := wait_s - since.seconds()) > 0 and (era, held) == (self._era, self._held):
            await self._clock.sleep(min(rest_s, SLICE_S))

    def _due_in_s(self) -> float:
        """Seconds until the background task must act; infinite while only a person can."""
        if self._failure:
            if not self._failure.problem.should_retry:
                return math.inf
            return self._failure.rest_s()
        return self._held.due_in_s() if self._held else 0.0

    async def _refresh_ahead(self) -> None:
        async with self._lock:
            if self._due_in_s() <= 0:
                await self._refresh()

    async def _refresh(self) -> Token:
        """A new token, for whoever holds the lock. While GitHub must be left alone, the last failure is raised again."""
        if self._failure and self._failure.rest_s() > 0:
            raise self._failure.problem.with_traceback(None)
        self._breaker.check()
        try:
            while True:
                era, held = self._era, await self._made()
                if era == self._era:
                    break
        except CopilotApiError as problem:
            self._failed(problem)
            raise
        self._attempts += 1
        self._held = held
        self._failure = None
        self._publish(Signed.IN, None)
        if self._announce is not None:
            self._announce(held.token)
        return held.token

    async def _made(self) -> _Held:
        while True:
            grant = await self.grant()
            refused = self._refused
            if refused and refused.grant == grant and refused.since.seconds() < REFUSED_S:
                self._let_go(grant)
                raise refused.problem.with_traceback(None)
            try:
                return await self._made_from(grant)
            except NotSignedIn as problem:
                self._refused = _Refused(grant, problem, Since(self._clock))
                self._let_go(grant)

    def _let_go(self, grant: Grant) -> None:
        """The finder, if there is one, is asked again next time: the person may have signed in anew."""
        if self._find and self._grant is grant:
            self._grant = None

    async def _made_from(self, grant: Grant) -> _Held:
        attempt = self._breaker.admit()
        try:
            held = await self._asked(grant)
        except CopilotApiError as problem:
            if _is_outage(problem):
                attempt.missed(problem)
            attempt.reached()
            raise
        else:
            attempt.reached()
        finally:
            attempt.let_go()
        return held

    async def _asked(self, grant: Grant) -> _Held:
        if not grant.needs_exchange:
            token = Token(grant.value, await self._base_for(grant))
            return _Held(token, Since(self._clock), DIRECT_LIFE_S)
        answer = await self._github.copilot_token(grant)
        if answer.notice and answer.notice != self._notice:
            self._notice = answer.notice
            _log.warning("GitHub says: %s", answer.notice)
        return _Held(Token(answer.value, answer.api), Since(self._clock), answer.refresh_in_s)

    async def _base_for(self, grant: Grant) -> str:
        """Where a grant that is used as it is may be sent. GitHub does not tell every such grant: then the assumed host."""
        try:
            self._direct_api = self._hosts.data_plane(await self._github.copilot_user(grant))
        except CopilotApiError as problem:
            is_silent = isinstance(problem, UpstreamUnreachable | UpstreamTimeout) and not self._direct_api
            if problem.code == BAD_CREDENTIALS or is_silent:
                raise
            _log.info("GitHub does not say which Copilot host to use: %s", problem.message)
        return self._direct_api or self._hosts.copilot

    async def _found(self) -> Grant:
        if self._find is None:
            raise NotSignedIn(NOBODY, hint="run copilot-api auth")
        return await self._find()

    def _failed(self, problem: CopilotApiError) -> None:
        self._attempts += 1
        self._failure = _Failure(problem, Since(self._clock), _hold_s(problem))
        self._publish(Signed.OUT if isinstance(problem, NotSignedIn | KeyringUnusable) else Signed.FAILING, problem)

    def _publish(self, signed: Signed, problem: CopilotApiError | None) -> None:
        changed = (signed, problem and problem.text) != (self.signed, self.problem and self.problem.text)
        self.signed, self.problem = signed, problem
        for listener in tuple(self._listeners) if changed else ():
            listener(signed, self.reason)


def _is_outage(problem: CopilotApiError) -> bool:
    """Whether GitHub gave no answer, or its gateway one in its place; what was said of this account is an answer."""
    if isinstance(problem, UpstreamTimeout):
        return True
    if isinstance(problem, UpstreamUnreachable):
        return isinstance(problem.__cause__, Exception) and was_never_connected(problem.__cause__)
    return problem.code == UNAVAILABLE


def _hold_s(problem: CopilotApiError) -> float:
    """How long GitHub is left alone after that. A refusal is not repeated at every request; an outage ends when it ends."""
    if problem.code == PROGRAMMATIC:
        return math.inf
    if problem.retry_after.isdecimal():
        return float(problem.retry_after)
    if isinstance(problem, NotSignedIn):
        return SIGNED_OUT_S
    if isinstance(problem, PersonNeeded) or not problem.should_retry:
        return REFUSED_S
    return 0.0
