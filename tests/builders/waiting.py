"""Waiting for what another task does, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Callable


async def eventually(fact: Callable[[], bool], *, within_s: float = 10.0) -> None:
    """Returns when `fact` holds; fails when it never does."""
    ends = time.monotonic() + within_s
    while not fact():
        assert time.monotonic() < ends, "it never came about"
        await asyncio.sleep(0.005)
