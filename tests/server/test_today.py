"""Today's use: numbers that are right over restarts, midnights and several servers, and never a word."""

import asyncio
import json
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox
from copilot_api.server.today import FILE_NAME, Today, Use
from tests.builders.raw import Wire
from tests.builders.waiting import eventually
from tests.conftest import MakeService

NOON = time.mktime((2026, 3, 10, 12, 0, 0, 0, 0, -1))
LATE = time.mktime((2026, 3, 10, 23, 59, 50, 0, 0, -1))
CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}


class Clock:
    """Set by hand; whoever sleeps is woken when `now` is moved on."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.sleepers = 0
        self._moved = asyncio.Event()

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        ends = self.now + seconds
        self.sleepers += 1
        while self.now < ends:
            self._moved.clear()
            await self._moved.wait()
        self.sleepers -= 1

    def move(self, seconds: float) -> None:
        self.now += seconds
        self._moved.set()


@asynccontextmanager
async def running(use: Use) -> AsyncIterator[None]:
    task = asyncio.gather(use.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def used(clock: Clock, path: Path | None = None, told: list[int] | None = None) -> Use:
    return Use(clock, path, lambda: told.append(1) if told is not None else None)


def note(use: Use, requests: int = 1, prompt: int = 100, output: int = 10, nano_aiu: int = 500_000_000) -> None:
    for _ in range(requests):
        use.note(Counted(prompt=prompt, output=output, nano_aiu=nano_aiu))


async def test_requests_and_tokens_add_up() -> None:
    told: list[int] = []
    use = used(Clock(), told=told)
    assert use.today == Today()
    note(use, 3)
    use.note(None)
    assert use.today == Today(requests=4, input_tokens=300, output_tokens=30, spent=1.5)
    assert len(told) == 4


async def test_what_is_guessed_is_not_counted_and_what_is_not_told_is_not_spent() -> None:
    use = used(Clock())
    use.note(Counted(prompt=999, output=999, estimated=True))
    use.note(Counted(prompt=5, output=2))
    assert use.today == Today(requests=2, input_tokens=5, output_tokens=2, spent=None)


async def test_at_midnight_all_begins_anew() -> None:
    clock, told = Clock(LATE), list[int]()
    use = used(clock, told=told)
    note(use)
    clock.move(11)
    assert use.today == Today()
    note(use, 2)
    assert use.today.requests == 2
    assert len(told) >= 3


async def test_midnight_is_told_to_whom_nobody_asks_anything(tmp_path: Path) -> None:
    clock, told = Clock(LATE), list[int]()
    use = used(clock, tmp_path / FILE_NAME, told)
    async with running(use):
        note(use)
        await eventually(lambda: clock.sleepers == 1)
        before = len(told)
        clock.move(60)
        await eventually(lambda: len(told) > before)


async def test_the_numbers_outlive_the_server(tmp_path: Path) -> None:
    path, clock = tmp_path / "private" / FILE_NAME, Clock()
    first = used(clock, path)
    async with running(first):
        note(first, 2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert all(isinstance(value, int) or key == "day" for key, value in json.loads(path.read_bytes()).items())
    second = used(clock, path)
    async with running(second):
        await eventually(lambda: second.today.requests == 2)
        note(second)
        assert second.today == Today(requests=3, input_tokens=300, output_tokens=30, spent=1.5)
    async with running(third := used(clock, path)):
        await eventually(lambda: third.today.requests == 3)


async def test_the_numbers_are_kept_while_it_runs(tmp_path: Path) -> None:
    """A server that is killed loses half a minute of them."""
    path, clock = tmp_path / FILE_NAME, Clock()
    use = used(clock, path)
    async with running(use):
        await eventually(lambda: clock.sleepers == 1)
        note(use)
        clock.move(31)
        await eventually(lambda: path.exists() and json.loads(path.read_bytes())["requests"] == 1)
        assert use.today.requests == 1


async def test_yesterdays_file_says_nothing_of_today(tmp_path: Path) -> None:
    path, clock = tmp_path / FILE_NAME, Clock()
    async with running(yesterday := used(clock, path)):
        note(yesterday)
    clock.move(24 * 3600)
    async with running(use := used(clock, path)):
        await eventually(lambda: clock.sleepers == 1)
        assert use.today == Today()
        note(use)
    assert json.loads(path.read_bytes())["requests"] == 1


async def test_several_servers_add_up(tmp_path: Path) -> None:
    path, clock = tmp_path / FILE_NAME, Clock()
    one, two = used(clock, path), used(clock, path)
    async with running(one), running(two):
        await eventually(lambda: clock.sleepers == 2)
        note(one, 5)
        note(two, 7)
        clock.move(31)
        await eventually(lambda: path.exists() and json.loads(path.read_bytes())["requests"] == 12)
        await eventually(lambda: clock.sleepers == 2)
        note(one)
        clock.move(31)
        await eventually(lambda: one.today.requests == 13)
    async with running(three := used(clock, path)):
        await eventually(lambda: three.today == Today(requests=13, input_tokens=1300, output_tokens=130, spent=6.5))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"day": 5}', b'{"day": "2026-03-10", "requests": -5, "told": "x"}'])
async def test_a_broken_file_is_worth_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    path.chmod(0o600)
    use = used(Clock(), path)
    async with running(use):
        note(use)
    assert json.loads(path.read_bytes())["requests"] == 1


async def test_a_place_that_cannot_be_used_is_told_and_nothing_is_lost_meanwhile(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    use = used(Clock(), tmp_path / "file" / FILE_NAME)
    async with running(use):
        note(use, 2)
        await eventually(lambda: "today's use is not kept" in caplog.text)
        assert use.today.requests == 2


# In a service


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("path", "model", "spent"),
    [
        ("/v1/chat/completions", "gpt-4.1", 2.0),
        ("/v1/chat/completions", "claude-sonnet-4.6", None),  # there Copilot names no price
        ("/v1/messages", "claude-sonnet-4.6", 2.0),
        ("/v1/messages", "gpt-4.1", 2.0),
        ("/v1/responses", "gpt-5.3-codex", 2.0),
    ],
)
async def test_every_answer_counts_whatever_it_came_through(
    make_service: MakeService,
    sandbox: Sandbox,
    http: aiohttp.ClientSession,
    path: str,
    model: str,
    spent: float | None,
    stream: bool,
) -> None:
    service = await make_service()
    sandbox.script.answer("Hei", usage=Counted(prompt=1000, output=20, nano_aiu=2_000_000_000))
    asked = {"input": "Hei"} if "responses" in path else {"max_tokens": 50, "messages": [{"role": "user", "content": "Hei"}]}
    body = {"model": model, "stream": stream} | asked
    async with http.post(service.url + path, json=body) as response:
        assert response.status == 200, await response.text()
        await response.read()
    await eventually(lambda: service.status.today.requests == 1)
    assert service.status.today == Today(requests=1, input_tokens=1000, output_tokens=20, spent=spent)
    assert service.status.balance is not None
    assert service.status.balance.unit == "AI credits"


async def test_embeddings_count_too(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service()
    body = {"model": "text-embedding-3-small", "input": ["Hei", "Hallo"]}
    async with http.post(service.url + "/v1/embeddings", json=body) as response:
        assert response.status == 200
    assert service.status.today.requests == 1
    assert service.status.today.input_tokens > 0


async def test_what_was_refused_was_not_used(make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    service = await make_service()
    sandbox.script.fault("quota")
    async with http.post(service.url + "/v1/chat/completions", json=CHAT) as response:
        assert response.status == 429
    async with http.post(service.url + "/v1/chat/completions", json=CHAT | {"model": "no-such"}) as response:
        assert response.status == 404
    assert service.status.today.requests == 0


async def test_who_left_in_the_middle_has_used_something(make_service: MakeService, sandbox: Sandbox) -> None:
    service = await make_service()
    sandbox.script.fault("stall_mid")
    async with Wire(service.url) as wire:
        await wire.post("/v1/chat/completions", json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"data: ")
    await eventually(lambda: service.status.today.requests == 1)


async def test_a_plan_that_counts_requests_is_told_no_credits(
    make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.plan = "legacy"
    service = await make_service()
    async with http.post(service.url + "/v1/chat/completions", json=CHAT) as response:
        assert response.status == 200
    assert service.status.today.requests == 1
    assert service.status.today.spent is None
