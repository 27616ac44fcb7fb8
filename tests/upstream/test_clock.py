import asyncio
import time
from contextlib import suppress

from copilot_api.upstream.clock import SystemClock, nap


async def test_the_systems_clocks_run() -> None:
    clock = SystemClock()
    monotonic, wall = clock.monotonic(), clock.wall()
    await clock.sleep(0.01)
    assert clock.monotonic() - monotonic >= 0.009
    assert clock.wall() >= wall
    assert abs(clock.wall() - time.time()) < 5


async def test_a_nap_ends_by_itself_or_when_it_is_disturbed() -> None:
    disturbed = asyncio.Event()
    async with asyncio.timeout(5):
        await nap(SystemClock(), 0.01, disturbed)
        asyncio.get_running_loop().call_later(0.01, disturbed.set)
        await nap(SystemClock(), 60, disturbed)


async def test_who_gives_up_a_nap_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await nap(SystemClock(), 60, asyncio.Event())
    assert asyncio.all_tasks() == before
