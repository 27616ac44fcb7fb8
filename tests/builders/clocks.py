"""A clock for tests in which nothing has to happen by itself."""

from copilot_api.upstream.clock import SystemClock


class Hand:
    """Set by hand: `now` is all of it, but for the seconds that the machine `slept`, which only the wall clock counts."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.slept

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Hurried(SystemClock):
    """The machine's own, set forward by hand: for a whole service, which does more than the test wants of it while it waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.now
