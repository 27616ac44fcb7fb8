"""Local counts that get better by what Copilot says it counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox
from copilot_api.server.calibration import FILE_NAME, LARGEST_BYTES, REST_S, SETTLED, WAITING, Calibration
from copilot_api.service import Service
from copilot_api.tokens import Counter
from tests.builders.clocks import Hand
from tests.builders.models import model
from tests.builders.waiting import eventually

GPT = model("gpt-4.1")
BODY: Json = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "How is the weather in Oslo? " * 100}]}
Answered = Callable[..., Awaitable[None]]


@asynccontextmanager
async def running(calibration: Calibration) -> AsyncIterator[None]:
    task = asyncio.gather(calibration.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def estimate() -> int:
    return Counter().count_messages(BODY, GPT)


async def counted(calibration: Calibration, body: Json = BODY) -> tuple[int, str]:
    return await asyncio.to_thread(calibration.count, "messages", body, GPT)


def offer(
    calibration: Calibration, tokens: int, *, size_bytes: int = 1000, body: Json = BODY, client: str = "messages"
) -> None:
    calibration.offer(client, body, GPT, Counted(prompt=tokens), size_bytes=size_bytes)


async def until_calibrated(calibration: Calibration) -> None:
    await eventually(lambda: calibration._ratios.seen(GPT.id) > 0)
    assert (await counted(calibration))[1] == "calibrated"


async def test_an_estimate_is_set_right_by_what_was_counted() -> None:
    calibration = Calibration(Counter(), Hand())
    estimated = await asyncio.to_thread(estimate)
    assert await counted(calibration) == (estimated, "estimate")
    async with running(calibration):
        offer(calibration, estimated * 3 // 2)
        await until_calibrated(calibration)
    tokens, method = await counted(calibration)
    assert method == "calibrated"
    assert abs(tokens - estimated * 3 // 2) <= 1


@pytest.mark.parametrize("client", ["chat", "messages", "responses"])
async def test_every_dialect_teaches(client: str) -> None:
    calibration = Calibration(Counter(), Hand())
    body = BODY | {"input": BODY["messages"]}
    assert (await asyncio.to_thread(calibration.count, client, body, GPT))[1] == "estimate"
    async with running(calibration):
        offer(calibration, 1000, body=body, client=client)
        await until_calibrated(calibration)


async def test_models_that_nobody_wants_counts_of_are_not_looked_at() -> None:
    calibration = Calibration(Counter(), Hand())
    async with running(calibration):
        offer(calibration, 1000)
        assert (await counted(calibration))[1] == "estimate"
        await asyncio.sleep(0.05)
    assert (await counted(calibration))[1] == "estimate"


@pytest.mark.parametrize(
    "offered",
    [
        {"counted": None},
        {"counted": Counted(prompt=1000, estimated=True)},
        {"client": "smoke signals"},
        {"size_bytes": LARGEST_BYTES + 1},
    ],
)
async def test_what_teaches_nothing_is_passed_over(offered: dict[str, Any]) -> None:
    calibration = Calibration(Counter(), Hand())
    await counted(calibration)
    given = {"client": "messages", "body": BODY, "model": GPT, "counted": Counted(prompt=1000), "size_bytes": 1000, **offered}
    async with running(calibration):
        calibration.offer(**given)
        await asyncio.sleep(0.05)
    assert (await counted(calibration))[1] == "estimate"


async def test_a_flood_of_answers_does_not_pile_up() -> None:
    calibration = Calibration(Counter(), Hand())
    await counted(calibration)
    for _ in range(WAITING * 3):
        offer(calibration, 1000)
    assert calibration._samples.qsize() == WAITING


async def test_a_model_that_is_known_well_is_looked_at_now_and_then() -> None:
    clock = Hand()
    calibration = Calibration(Counter(), clock)
    await counted(calibration)
    async with running(calibration):
        for n in range(SETTLED):
            offer(calibration, 1000)
            await eventually(lambda n=n: calibration._ratios.seen(GPT.id) == n + 1)  # type: ignore[misc] # no type
        offer(calibration, 1000)
        await eventually(lambda: calibration._ratios.seen(GPT.id) == SETTLED + 1)
        offer(calibration, 1000)
        assert calibration._samples.empty()
        clock.now += REST_S
        offer(calibration, 1000)
        await eventually(lambda: calibration._ratios.seen(GPT.id) == SETTLED + 2)


async def test_what_was_learned_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / FILE_NAME
    first = Calibration(Counter(), Hand(), path)
    await counted(first)
    async with running(first):
        offer(first, 1000)
        await until_calibrated(first)
    again = Calibration(Counter(), Hand(), path)
    async with running(again):
        await until_calibrated(again)
    assert (await counted(again))[0] == pytest.approx((await counted(first))[0], abs=1)
    text = path.read_text("utf-8")
    assert json.loads(text)["models"].keys() == {GPT.id}
    assert "Oslo" not in text
    assert [file.name for file in path.parent.iterdir()] == [FILE_NAME], "nothing half-written is left"


async def test_the_end_keeps_what_was_learned_since_the_last_time(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    calibration = Calibration(Counter(), Hand(), path)
    await counted(calibration)
    async with running(calibration):
        for n in range(2):
            offer(calibration, 1000)
            await eventually(lambda n=n: calibration._ratios.seen(GPT.id) == n + 1)  # type: ignore[misc] # no type
        await eventually(path.exists)
        assert json.loads(await asyncio.to_thread(path.read_text))["models"][GPT.id]["seen"] == 1, "not written each time"
    assert json.loads(path.read_text("utf-8"))["models"][GPT.id]["seen"] == 2


async def test_where_nothing_was_learned_nothing_is_written(tmp_path: Path) -> None:
    calibration = Calibration(Counter(), Hand(), tmp_path / FILE_NAME)
    await counted(calibration)
    async with running(calibration):
        offer(calibration, 5)
        await eventually(calibration._samples.empty)
        await asyncio.sleep(0.05)
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"rules":1,"models":7}'])
async def test_a_broken_file_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    calibration = Calibration(Counter(), Hand(), path)
    async with running(calibration):
        await counted(calibration)
        offer(calibration, 1000)
        await until_calibrated(calibration)
    assert json.loads(path.read_bytes())["models"][GPT.id]["seen"] == 1


async def test_a_disk_that_does_not_take_it_is_no_obstacle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    calibration = Calibration(Counter(), Hand(), in_the_way / FILE_NAME)
    await counted(calibration)
    async with running(calibration):
        offer(calibration, 1000)
        await until_calibrated(calibration)
    assert "cannot be read" in caplog.text
    assert "cannot be written" in caplog.text


async def test_an_odd_request_does_not_end_the_learning(caplog: pytest.LogCaptureFixture) -> None:
    canary = "can-" + str(5)

    class Odd(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise KeyError(canary)

    calibration = Calibration(Counter(), Hand())
    await counted(calibration)
    async with running(calibration):
        offer(calibration, 1000, body=Odd())
        offer(calibration, 1000)
        await until_calibrated(calibration)
    assert "fault of our own" in caplog.text
    assert canary not in caplog.text


async def test_a_service_learns_from_the_answers_it_hands_on(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    async def count() -> tuple[int, str]:
        async with http.post(service.url + "/v1/messages/count_tokens", json=BODY) as response:
            return (await response.json())["input_tokens"], response.headers["x-copilot-api-token-method"]

    estimated, method = await count()
    assert method == "estimate"
    sandbox.script.answer("Cold.", usage=Counted(prompt=estimated * 6 // 5, output=1))
    async with http.post(service.url + "/v1/messages", json=BODY | {"max_tokens": 50}) as response:
        assert response.status == 200
    await eventually(lambda: service._calibration._ratios.seen("gpt-4.1") > 0)
    tokens, method = await count()
    assert (method, abs(tokens - estimated * 6 // 5) <= 1) == ("calibrated", True)


async def test_copilots_own_counts_teach_for_when_it_does_not_count(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    body = BODY | {"model": "claude-sonnet-4.6"}

    async def method() -> str:
        async with http.post(service.url + "/v1/messages/count_tokens", json=body) as response:
            assert response.status == 200
            return response.headers["x-copilot-api-token-method"]

    assert await method() == "upstream"
    assert await method() == "upstream"
    sandbox.script.fault("overloaded", path="/v1/messages/count_tokens")
    await eventually(lambda: service._calibration._ratios.seen("claude-sonnet-4.6") > 0)
    assert await method() == "calibrated"
