"""How the account stands: whose it is, which models it has, what is left of its plan. Asks until all of it is known."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping

from copilot_api.errors import CopilotApiError, KeyringUnusable, NotSignedIn
from copilot_api.upstream import balance
from copilot_api.upstream.auth import CopilotAuth, Signed
from copilot_api.upstream.balance import Balance
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.clock import Clock, nap
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.plan import parse_plan
from copilot_api.upstream.quota import Quota
from copilot_api.upstream.reach import Reach
from copilot_api.upstream.watch import Watch

SLICE_S = 30.0
"""The longest it sleeps in one go: the clock that it sleeps by stands still while the machine does."""

LOOK_S = 30.0
"""Seconds between two looks for a sign-in in another terminal, which may tell us at once (`look_again`)."""

PLAN_S = 1800.0
"""Seconds after which the plan is read again, for what is used elsewhere: Copilot's answers tell what each request leaves."""

AGAIN_S = 60.0
"""Seconds after which what could not be read is asked for again; longer each time where only a person can help."""

LIMIT_S = 900.0

_log = logging.getLogger(__name__)


class Standing:
    """Owns login and balance, and sees to it that the catalog has a list. `changed` is called when any of it is another.
    It tells `reach` how each attempt ended to get a token: who subscribes to `auth` later knows of that already.

    `problem` is why the models are not known, None when they are or nobody is signed in.
    """

    def __init__(
        self,
        auth: CopilotAuth,
        github: GitHub,
        catalog: Catalog,
        reach: Reach,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._auth = auth
        self._github = github
        self._catalog = catalog
        self._reach = reach
        self._clock = clock
        self._changed = changed
        self._of: Grant | None = None
        self._is_named = False
        self._plan_due = (-math.inf, -math.inf)
        self._tries = 0
        self._stirred = asyncio.Event()
        auth.subscribe(self._heed)
        self.login = ""
        self.balance: Balance | None = None
        self.problem: CopilotApiError | None = None

    async def enter(self) -> None:
        """Signs in and reads all of it, for a start that may fail. Raises what keeps requests from being served.

        Whose account it is and what it has left is good to know, but nothing depends on it.
        """
        self._of = await self._auth.grant()
        await asyncio.gather(self._have_models(), self._have_name(self._of), self._have_plan(self._of))

    async def keep(self) -> None:
        """The body of a background task: reads what is missing or old, for ever. Ends by being cancelled and not else."""
        while True:
            self._stirred.clear()
            await self._rest(await self._improved())

    async def catch_up(self, watch: Watch) -> None:
        """The body of another one: sees to it after sleep, or in another network, that the next request finds all in order."""
        seen = 0
        while True:
            seen = await watch.after(seen)
            try:
                await self._auth.catch_up()
                if self._reach.is_down:
                    self.look_again()
            except Exception:  # noqa: BLE001 - a task's top: it is logged, and the task goes on
                _log.exception("a fault of our own after a change of the network")

    def look_again(self) -> None:
        """Something may be different now: asks at once."""
        self._tries = 0
        self._stirred.set()

    def hear(self, quotas: Mapping[str, Quota]) -> None:
        """What an answer of Copilot's said of the plan."""
        left = balance.updated(self.balance, quotas)
        if left != self.balance:
            self.balance = left
            self._changed()

    def _heed(self, signed: Signed, _reason: str) -> None:
        self._reach.tell(self._auth.problem)
        if signed is Signed.IN:
            self.look_again()

    async def _improved(self) -> float:
        """Tries to know all of it; gives the seconds until there is something to do again."""
        try:
            await self._auth.token()
            grant = await self._auth.grant()
            if grant != self._of:
                self._forget()
                self._of = grant
            await self._have_models()
            await self._have_name(grant)
            if self._is_due():
                await self._have_plan(grant)
            if self._reach.is_down:
                await self._catalog.reread()
        except CopilotApiError as problem:
            return self._failed(problem)
        except Exception:  # noqa: BLE001 - a task's top: it is logged, and the task goes on
            _log.exception("a fault of our own while asking about the account; it is tried again")
            return AGAIN_S
        self._tries = 0
        return AGAIN_S if self._reach.is_down else PLAN_S

    def _failed(self, problem: CopilotApiError) -> float:
        """Notes it; gives the seconds until it is worth another try."""
        if isinstance(problem, NotSignedIn):
            self._forget()
            if problem.code == NotSignedIn.code:  # nothing to ask GitHub with, as opposed to a token that it refused
                return LOOK_S
        if problem.should_retry:
            return AGAIN_S  # the token is asked for more often, and we are told when it comes
        self._tries += 1
        # A keyring asks the person to unlock it, who may just have said no.
        first_s = AGAIN_S * 5 if isinstance(problem, KeyringUnusable) else AGAIN_S
        return min(LIMIT_S, first_s * 2.0 ** min(self._tries - 1, 10))

    async def _have_models(self) -> None:
        try:
            await self._auth.token()
            await self._catalog.models()
        except CopilotApiError as problem:
            self._reach.tell(problem)
            self._note(problem if self._auth.problem is None else None)
            raise
        self._note(None)
        self._changed()

    async def _have_name(self, grant: Grant) -> None:
        if self._is_named:
            return
        try:
            self.login = str((await self._github.user(grant))["login"])
        except CopilotApiError as problem:
            _log.debug("the account has no name: %s", problem.code or problem.kind)
            self._is_named = problem.status < 500  # an installation token, which is nobody's
        else:
            self._is_named = True
            self._changed()

    async def _have_plan(self, grant: Grant) -> None:
        try:
            left = balance.of_plan(parse_plan(await self._github.copilot_user(grant)))
        except CopilotApiError as problem:
            _log.debug("what is left of the plan is not known: %s", problem.code or problem.kind)
            self._plan_due = self._in(AGAIN_S * 5)
        else:
            self._plan_due = self._in(PLAN_S)
            self.balance = left
            self._changed()

    def _forget(self) -> None:
        """The account is another, or none."""
        self._of, self._is_named, self.login, self.balance, self.problem = None, False, "", None, None
        self._plan_due = (-math.inf, -math.inf)
        self._catalog.forget()
        self._changed()

    def _note(self, problem: CopilotApiError | None) -> None:
        if problem is not self.problem:
            self.problem = problem
            self._changed()

    async def _rest(self, seconds: float) -> None:
        """Waits that long, by the clock that counts more, or until `look_again`."""
        ends = self._in(seconds)
        while not self._stirred.is_set() and (left_s := self._left_s(ends)) > 0:
            await nap(self._clock, min(left_s, SLICE_S), self._stirred)

    def _is_due(self) -> bool:
        return self._left_s(self._plan_due) <= 0

    def _in(self, seconds: float) -> tuple[float, float]:
        return self._clock.monotonic() + seconds, self._clock.wall() + seconds

    def _left_s(self, moment: tuple[float, float]) -> float:
        return min(moment[0] - self._clock.monotonic(), moment[1] - self._clock.wall())
