"""Time as an object handed in, so that expiry, back-off and sleep can be tested without waiting."""

import asyncio
import time
from typing import Protocol

from copilot_api.race import first


class Clock(Protocol):
    """Two clocks, because one stands still while a laptop sleeps and the other may be set by hand."""

    def monotonic(self) -> float:
        """Seconds that never run backwards; on most systems they do not count sleep."""
        ...

    def wall(self) -> float:
        """Seconds since 1970; counts sleep, and jumps when the clock is set."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        ...


class Since:
    """A moment, remembered on both clocks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._monotonic = clock.monotonic()
        self._wall = clock.wall()

    def seconds(self) -> float:
        """How long ago it was. The wall clock counts sleep; the other one holds when the wall clock is set back."""
        return max(self.awake_s(), self._clock.wall() - self._wall)

    def awake_s(self) -> float:
        """How long ago it was, without the time that the machine slept."""
        return self._clock.monotonic() - self._monotonic


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """`time.monotonic`."""
        return time.monotonic()

    def wall(self) -> float:
        """`time.time`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """`asyncio.sleep`."""
        await asyncio.sleep(seconds)


async def nap(clock: Clock, seconds: float, until: asyncio.Event) -> None:
    """Waits that long, or until the event is set."""
    await first(clock.sleep(seconds), until.wait())
