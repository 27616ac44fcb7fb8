"""The rate limit without a race, and the person's word."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from copilot_api.errors import NotApproved, SlowDown
from copilot_api.server.limits import Limits, Summary
from copilot_api.settings import Settings
from copilot_api.upstream.clock import SystemClock
from tests.builders.waiting import eventually

SUMMARY = Summary(dialect="chat", model="gpt-4.1", client="curl", size_bytes=100, initiator="user")


@dataclass
class Asked:
    """A person who answers when the test says so."""

    questions: list[tuple[Summary, asyncio.Future[bool]]] = field(default_factory=list)

    async def approve(self, summary: Summary) -> bool:
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.questions.append((summary, answer))
        return await answer

    def is_asked(self) -> bool:
        """Whether a question waits for its answer."""
        return any(not answer.done() for _, answer in self.questions)


def limits(approver: Asked | None = None, **options: Any) -> Limits:
    return Limits(Settings(**options), approver, SystemClock())


async def admitted_at(gate: Limits) -> float:
    await gate.admit(SUMMARY)
    return time.monotonic()


async def test_without_limits_everything_passes() -> None:
    gate = limits()
    await asyncio.gather(*(gate.admit(SUMMARY) for _ in range(100)))


async def test_the_first_request_passes_and_the_next_one_is_told_when_to_come_back() -> None:
    gate = limits(rate_limit=30)
    await gate.admit(SUMMARY)
    with pytest.raises(SlowDown) as caught:
        await gate.admit(SUMMARY)
    assert (caught.value.status, caught.value.retry_after, caught.value.message) == (429, "30", "Rate limit exceeded")
    assert "--wait" in caught.value.hint


async def test_after_the_interval_the_next_request_passes() -> None:
    gate = limits(rate_limit=0.05)
    await gate.admit(SUMMARY)
    await asyncio.sleep(0.06)
    await gate.admit(SUMMARY)


async def test_of_requests_at_the_same_moment_one_passes() -> None:
    gate = limits(rate_limit=30)
    results = await asyncio.gather(*(gate.admit(SUMMARY) for _ in range(50)), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, SlowDown) for result in results) == 49


async def test_waiting_requests_go_one_by_one_and_never_together() -> None:
    """compat.md §2.6: those that waited in the original all woke together, and the next one could wait too little."""
    gate = limits(rate_limit=0.05, wait=True)
    times = await asyncio.gather(*(admitted_at(gate) for _ in range(6)))
    assert times == sorted(times)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.049


async def test_who_leaves_the_queue_frees_the_place() -> None:
    gate = limits(rate_limit=0.5, wait=True)
    started = time.monotonic()
    await gate.admit(SUMMARY)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(admitted_at(gate)) for _ in range(3)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()
        waiting[1].cancel()
    assert waiting[2].result() - started < 1.4


async def test_a_no_is_an_answer() -> None:
    person = Asked()
    gate = limits(person, manual=True)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(refused(gate))
        await eventually(lambda: bool(person.questions))
        person.questions[0][1].set_result(False)
    assert task.result().status == 403


async def refused(gate: Limits) -> NotApproved:
    with pytest.raises(NotApproved) as caught:
        await gate.admit(SUMMARY)
    return caught.value


async def test_nobody_is_asked_without_manual() -> None:
    person = Asked()
    await limits(person).admit(SUMMARY)
    assert not person.questions
