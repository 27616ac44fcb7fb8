"""Notices that the machine has slept, or is in another network: then connections are dead, and nobody told them.

By the clocks and by the ways to our peers, looked at before each request and twice a minute besides; and by what the system
says, where it says something (`tell`). Being wrong costs a new connection, no more.
"""

import asyncio
import logging
from collections.abc import Callable

from copilot_api.upstream.clock import Clock
from copilot_api.upstream.network import is_networkless
from copilot_api.upstream.ways import Ways

JUMP_S = 5.0
"""By so much more the wall clock must have moved, or the watch overslept, to be taken for sleep."""

SLICE_S = 30.0
LOOKS_APART_S = 1.0

SETTLE_S = 8.0
"""Seconds that joining a network may take after the machine woke: as long, a request waits for it."""

PAUSE_S = 0.5

_log = logging.getLogger(__name__)


class Watch:
    """`changes` counts what was noticed. Whoever subscribes is called at each, on the loop's thread."""

    def __init__(self, clock: Clock, ways: Ways) -> None:
        self._clock = clock
        self._ways = ways
        self._listeners: list[Callable[[], None]] = []
        self._ahead_s = self._wall_ahead_s()
        self._looked_at = clock.monotonic()
        self._settles_at = clock.monotonic()
        self._noticed = asyncio.Event()
        self._nobody_was_there = False
        self.changes = 0

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Calls `listener` at each change."""
        self._listeners.append(listener)

    def look(self) -> None:
        """Whether the machine has slept since the last look, or reaches its peers another way."""
        ahead_s, before_s = self._wall_ahead_s(), self._ahead_s
        self._ahead_s = ahead_s
        if ahead_s - before_s > JUMP_S:
            self.tell(f"the clock is {ahead_s - before_s:.0f} s ahead, as after sleep")
            return
        now = self._clock.monotonic()
        if now - self._looked_at >= LOOKS_APART_S:
            self._looked_at = now
            if self._ways.have_changed():
                self.tell("the network is another one")

    def look_around(self) -> None:
        """The system says that the network has changed in some way: tells it if that matters to us."""
        if self._ways.have_changed() or self._nobody_was_there:
            self.tell("the network is another one")

    def tell(self, what: str) -> None:
        """Something of the kind has happened, whoever noticed."""
        _log.info("%s: connections are made anew", what)
        self.changes += 1
        self._nobody_was_there = False
        self._settles_at = self._clock.monotonic() + SETTLE_S
        for listener in self._listeners:
            listener()
        self._noticed.set()
        self._noticed = asyncio.Event()

    async def after(self, seen: int) -> int:
        """Waits for the next change after the one that `seen` counts; gives its number."""
        while self.changes == seen:
            await self._noticed.wait()
        return self.changes

    async def may_try_again(self, error: Exception) -> bool:
        """After `error`, which kept a connection from coming about: whether to try anew, for which this waits a moment."""
        if not is_networkless(error):
            return False
        self._nobody_was_there = True
        if self._clock.monotonic() >= self._settles_at:
            return False
        await self._clock.sleep(PAUSE_S)
        return True

    async def run(self) -> None:
        """The body of a background task: looks twice a minute, until it is cancelled."""
        while True:
            began = self._clock.monotonic()
            await self._clock.sleep(SLICE_S)
            overslept_s = self._clock.monotonic() - began - SLICE_S
            # Where the monotonic clock counts sleep (Windows), or this process was stopped, the two stay together.
            if overslept_s > JUMP_S:
                self.tell(f"nothing went on for {overslept_s:.0f} s, as in sleep")
            self.look()

    def _wall_ahead_s(self) -> float:
        return self._clock.wall() - self._clock.monotonic()
