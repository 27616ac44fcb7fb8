"""A clock for tests in which nothing has to happen by itself."""


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
