"""The requests that are open: how many, who wants to know, and how they end when the service does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from copilot_api.race import first


class Traffic:
    """Counts open requests and can end them. `is_interrupted` tells a cancelled handler that it was us and not its client."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._open: set[asyncio.Task[object]] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.is_interrupted = False
        self.total = 0
        """How many requests there were so far."""

    @property
    def active(self) -> int:
        """How many requests are being served."""
        return len(self._open)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Counts the request that the current task serves."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - handlers run in tasks
        self._open.add(task)
        self.total += 1
        self._empty.clear()
        self._on_change()
        try:
            yield
        finally:
            self._open.discard(task)
            if not self._open:
                self._empty.set()
            self._on_change()

    async def drained(self) -> None:
        """Returns when no request is open."""
        await self._empty.wait()

    async def drained_within(self, seconds: float, *, unless: asyncio.Event) -> bool:
        """Whether every request ended in time, and before that event came."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await first(self.drained(), unless.wait())
        return not self._open

    def interrupt(self) -> None:
        """Asks every open request to end now; each still says so to its client."""
        self.is_interrupted = True
        for task in self._open:
            task.cancel()

    def resume(self) -> bool:
        """In a handler that was cancelled: True when it was `interrupt`, and the handler may then finish its answer."""
        task = asyncio.current_task()
        if not self.is_interrupted or task is None or task.cancelling() != 1:
            return False
        task.uncancel()
        return True
