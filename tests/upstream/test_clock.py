import asyncio
import time
from contextlib import suppress

from copilot_api.upstream.clock import Since, SystemClock, nap
from tests.builders.clocks import Hand


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


def test_a_moment_is_as_long_ago_as_the_clock_says_that_counted_more() -> None:
    hand = Hand(100.0)
    since = Since(hand)
    hand.now += 5
    hand.slept += 3600
    assert (since.seconds(), since.awake_s()) == (3605, 5)
    hand.slept = -9000  # somebody sets the clock back
    assert since.seconds() == 5
