"""What a model request must pass before it may cost anything: the rate limit and the person's approval."""

import asyncio
import math
from dataclasses import dataclass
from typing import Literal, Protocol

from copilot_api.errors import NotApproved, SlowDown
from copilot_api.settings import Settings
from copilot_api.upstream.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a person may know of a request before deciding on it: never its words."""

    dialect: Literal["chat", "messages", "responses", "gemini"]
    model: str
    client: str
    size_bytes: int
    initiator: Literal["user", "agent"]


class Approver(Protocol):
    """Somebody who can be asked."""

    async def approve(self, summary: Summary) -> bool:
        """Whether the request may go on. Cancelled when the client leaves meanwhile."""
        ...


class Limits:
    """Lets requests through in the order they came. A client that leaves while it waits frees its place."""

    def __init__(self, settings: Settings, approver: Approver | None, clock: Clock) -> None:
        self._interval_s = settings.rate_limit or 0.0
        self._waits = settings.wait
        self._approver = approver if settings.manual else None
        self._clock = clock
        self._free_at = -math.inf
        self._turn = asyncio.Lock()

    async def admit(self, summary: Summary) -> None:
        """Returns when the request may go on. Raises SlowDown and NotApproved."""
        if self._waits:
            await self._await_turn()
        else:
            self._take_turn()
        if self._approver is not None and not await self._approver.approve(summary):
            raise NotApproved("The person refused this request")

    def _take_turn(self) -> None:
        # No await between looking and taking: two requests cannot take the same turn.
        wait_s = self._free_at - self._clock.monotonic()
        if wait_s > 0:
            raise SlowDown(
                "Rate limit exceeded",
                retry_after_s=math.ceil(wait_s),
                hint=f"--rate-limit lets one request through every {self._interval_s:g} s; --wait queues them instead",
            )
        self._free_at = self._clock.monotonic() + self._interval_s

    async def _await_turn(self) -> None:
        # The lock is the queue: whoever holds it is next, and the interval runs from when they went, not from when they came.
        async with self._turn:
            while (wait_s := self._free_at - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait_s)
            self._free_at = self._clock.monotonic() + self._interval_s
