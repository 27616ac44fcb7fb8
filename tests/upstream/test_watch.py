"""Sleep and other networks are noticed: by the clocks, by the ways to our peers, and when the system says so."""

import asyncio
import socket

import aiohttp
import pytest

from copilot_api.upstream.watch import PAUSE_S, SETTLE_S, SLICE_S, Watch
from copilot_api.upstream.ways import Ways
from tests.builders.addresses import SpareAddress
from tests.upstream.conftest import FakeClock

NOBODY = OSError(101, "Network is unreachable")


@pytest.fixture
def ways() -> Ways:
    return Ways()


@pytest.fixture
def watch(clock: FakeClock, ways: Ways) -> Watch:
    return Watch(clock, ways)


def test_time_that_passes_is_nothing(watch: Watch, clock: FakeClock) -> None:
    for _ in range(5):
        clock.advance(3600)
        watch.look()
    assert watch.changes == 0


def test_sleep_is_seen_at_the_next_look_and_once(watch: Watch, clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "copilot_api")
    told: list[int] = []
    watch.subscribe(lambda: told.append(watch.changes))
    clock.suspend(3600)
    watch.look()
    watch.look()
    assert told == [1]
    assert "the clock is 3600 s ahead, as after sleep: connections are made anew" in caplog.text


@pytest.mark.parametrize("seconds", [2.0, -3600.0])
def test_a_clock_that_is_set_right_is_no_sleep(watch: Watch, clock: FakeClock, seconds: float) -> None:
    clock.set_wall(seconds)
    watch.look()
    assert watch.changes == 0
    clock.suspend(60)
    watch.look()
    assert watch.changes == 1


async def test_the_background_looks_twice_a_minute(watch: Watch, clock: FakeClock) -> None:
    running = asyncio.create_task(watch.run())
    for slept_s, changes in ((0.0, 0), (600.0, 1), (0.0, 1)):
        await asyncio.sleep(0)
        clock.suspend(slept_s)
        clock.advance(SLICE_S)
        await asyncio.sleep(0)
        assert watch.changes == changes
    assert clock.slept[:2] == [SLICE_S, SLICE_S]
    running.cancel()


async def test_a_process_that_stood_still_is_noticed_where_both_clocks_went_on(watch: Watch, clock: FakeClock) -> None:
    """Windows counts sleep on both; and so does everybody for a process that was stopped."""
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0)
    clock.advance(SLICE_S + 60)
    await asyncio.sleep(0)
    assert watch.changes == 1
    running.cancel()


def test_what_the_system_says_is_believed(watch: Watch) -> None:
    watch.tell("the machine woke up")
    assert watch.changes == 1


async def test_a_change_wakes_who_waits_for_it(watch: Watch) -> None:
    waiting = asyncio.create_task(watch.after(0))
    await asyncio.sleep(0)
    watch.tell("one")
    watch.tell("two")
    assert await waiting == 2
    assert await watch.after(1) == 2, "a change that came meanwhile is not missed"


# Networks


def test_another_way_to_a_peer_is_seen_at_the_next_look(
    spare_address: SpareAddress, watch: Watch, ways: Ways, clock: FakeClock
) -> None:
    spare_address.take()
    ways.note(socket.AF_INET, spare_address.host)
    spare_address.give_back()
    watch.look()
    assert watch.changes == 0, "not more often than once a second"
    clock.advance(1)
    watch.look()
    assert watch.changes == 1
    spare_address.take()
    watch.look_around()
    assert watch.changes == 2, "at once when the system says that there is something to see"


def test_news_of_the_network_that_do_not_matter_are_none(watch: Watch, ways: Ways) -> None:
    """Containers come and go, and routers announce themselves every few seconds."""
    ways.note(socket.AF_INET, "127.0.0.1")
    watch.look_around()
    assert watch.changes == 0


async def test_any_news_matter_when_nobody_could_be_reached(watch: Watch) -> None:
    """Before a network is there no name is looked up, so that no way to anybody is known."""
    assert not await watch.may_try_again(NOBODY)
    watch.look_around()
    assert watch.changes == 1
    watch.look_around()
    assert watch.changes == 1


# Waiting for a network


async def test_after_waking_a_request_waits_for_the_network(watch: Watch, clock: FakeClock) -> None:
    clock.suspend(3600)
    watch.look()
    tries = 0
    while True:
        trying = asyncio.create_task(watch.may_try_again(NOBODY))
        await asyncio.sleep(0)
        clock.advance(PAUSE_S)
        if not await trying:
            break
        tries += 1
    assert tries == SETTLE_S / PAUSE_S


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError(111, "refused"), aiohttp.ServerDisconnectedError(), aiohttp.ClientError()]
)
async def test_it_does_not_wait_for_who_says_no(watch: Watch, error: Exception) -> None:
    watch.tell("the machine woke up")
    assert not await watch.may_try_again(error)


async def test_it_does_not_wait_where_nothing_has_changed(watch: Watch, clock: FakeClock) -> None:
    assert not await watch.may_try_again(NOBODY)
    assert clock.slept == []
