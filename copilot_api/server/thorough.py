"""Work in a thread that is waited for to its end, also by who is told to stop meanwhile: a thread cannot be called back."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def to_the_end(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `work` returns or raises. A cancellation takes effect when it is done."""
    thread = asyncio.gather(asyncio.to_thread(work, *args, **kwargs))
    try:
        [result] = await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.gather(thread, return_exceptions=True)
        raise
    return result
