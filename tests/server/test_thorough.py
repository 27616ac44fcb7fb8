"""A thread is waited for to its end, whoever is told to stop meanwhile."""

import asyncio
import threading

import pytest

from copilot_api.server.thorough import to_the_end


async def test_it_gives_what_the_work_gives() -> None:
    assert await to_the_end(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await to_the_end(divmod, 7, 0)


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancellation_waits_for_the_work(fails: bool) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[str]()

    def work() -> None:
        begun.set()
        go_on.wait(10)
        done.append("done")
        if fails:
            raise OSError("the disk is full")

    task = asyncio.gather(to_the_end(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["done"]
