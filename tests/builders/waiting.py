"""Waiting for what another task, thread or program does, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Callable


async def eventually(fact: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Returns when `fact` holds; fails when it never does."""
    ends = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < ends, "it never came about"
        await asyncio.sleep(0.005)


def until(
    fact: Callable[[], bool], complaint: str = "it never came about", *, within_s: float = 10.0, every_s: float = 0.005
) -> None:
    """The same, where no event loop runs; `every_s` is the pause between two looks."""
    ends = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < ends, complaint
        time.sleep(every_s)
