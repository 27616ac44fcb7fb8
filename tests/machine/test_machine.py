"""Which systems tell of sleep and of the network by themselves."""

import asyncio

import pytest

from copilot_api import machine


@pytest.mark.parametrize("platform", ["win32", "darwin", "freebsd14"])
def test_other_systems_are_not_asked(platform: str) -> None:
    assert machine.listeners(woke=lambda: None, moved=lambda: None, platform=platform) == {}


async def test_linux_is_asked_in_the_background() -> None:
    found = machine.listeners(woke=lambda: None, moved=lambda: None, platform="linux")
    assert list(found) == ["sleep-events", "network-events"]
    running = [asyncio.create_task(body, name=name) for name, body in found.items()]
    await asyncio.sleep(0.05)
    for task in running:
        task.cancel()
    assert {type(outcome) for outcome in await asyncio.gather(*running, return_exceptions=True)} <= {
        type(None),
        asyncio.CancelledError,
    }
