"""Open requests are counted, waited for and ended."""

import asyncio

import pytest

from copilot_api.server.traffic import Traffic
from tests.builders.waiting import eventually


class Requests:
    """Requests that last until they are told to end; each notes how it ended."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.traffic = Traffic(lambda: self.counts.append(self.traffic.active))
        self.end = asyncio.Event()
        self.resumed: list[bool] = []

    async def serve(self) -> None:
        with self.traffic.counted():
            try:
                await self.end.wait()
            except asyncio.CancelledError:
                self.resumed.append(self.traffic.resume())
                if not self.resumed[-1]:
                    raise


async def test_open_requests_are_counted_and_told() -> None:
    requests = Requests()
    await requests.traffic.drained()
    async with asyncio.TaskGroup() as group:
        group.create_task(requests.serve())
        group.create_task(requests.serve())
        await eventually(lambda: requests.traffic.active == 2)
        waiting = group.create_task(requests.traffic.drained())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        requests.end.set()
    assert requests.counts == [1, 2, 1, 0]
    assert not requests.traffic.is_interrupted


async def test_interrupted_requests_may_finish_their_answer() -> None:
    requests = Requests()
    async with asyncio.TaskGroup() as group:
        group.create_task(requests.serve())
        await eventually(lambda: requests.traffic.active == 1)
        requests.traffic.interrupt()
    assert requests.resumed == [True]


async def test_a_client_that_leaves_is_not_taken_for_the_end_of_the_service() -> None:
    requests = Requests()
    task = asyncio.get_running_loop().create_task(requests.serve())
    await eventually(lambda: requests.traffic.active == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert requests.resumed == [False]


async def test_a_client_that_leaves_while_the_service_ends_is_gone_all_the_same() -> None:
    requests = Requests()
    task = asyncio.get_running_loop().create_task(requests.serve())
    await eventually(lambda: requests.traffic.active == 1)
    requests.traffic.interrupt()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert requests.resumed == [False]


async def test_it_is_waited_for_open_requests_but_not_for_ever_and_not_against_somebodys_will() -> None:
    requests, hurry = Requests(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(requests.serve())
        await eventually(lambda: requests.traffic.active == 1)
        async with asyncio.timeout(5):
            assert not await requests.traffic.drained_within(0.01, unless=hurry)
            hurry.set()
            assert not await requests.traffic.drained_within(60, unless=hurry)
            hurry.clear()
            requests.end.set()
            assert await requests.traffic.drained_within(60, unless=hurry)
