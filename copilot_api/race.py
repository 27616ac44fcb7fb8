"""Waiting for whichever of several things comes first."""

import asyncio
from collections.abc import Awaitable


async def first(*waits: Awaitable[object]) -> None:
    """Returns when the first of these has, and raises what that one raises. The others are cancelled, and waited for."""
    # Each in a gathering of its own, which belongs to this call and is awaited here.
    running = [asyncio.gather(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
