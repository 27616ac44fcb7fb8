"""Whichever comes first ends the wait, and nothing of the others is left."""

import asyncio

import pytest

from copilot_api.race import first


async def forever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.append("ended")


async def test_the_first_ends_it_and_the_others_have_ended_too() -> None:
    ended: list[str] = []
    async with asyncio.timeout(5):
        await first(forever(ended), asyncio.sleep(0.01), forever(ended))
    assert ended == ["ended", "ended"]
    assert len(asyncio.all_tasks()) == 1


async def test_what_the_first_raises_is_raised() -> None:
    async def fails() -> None:
        raise ValueError("why")

    ended: list[str] = []
    with pytest.raises(ValueError, match="why"):
        await first(forever(ended), fails())
    assert ended == ["ended"]


async def test_who_waits_may_be_cancelled() -> None:
    ended: list[str] = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await first(forever(ended), forever(ended))
    assert ended == ["ended", "ended"]
