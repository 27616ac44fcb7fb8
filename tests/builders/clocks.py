"""A clock for tests in which nothing has to happen by itself."""


class Hand:
    """Set by hand: `now` is all of it."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
