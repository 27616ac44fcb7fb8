"""Serving is brought to where the person wants it, by whoever serves, and however fast somebody clicks."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.desktop import serving as module
from copilot_api.desktop.serving import Serving
from copilot_api.errors import StartFailed
from copilot_api.sandbox import Sandbox
from copilot_api.server.status import Phase
from copilot_api.settings import Settings
from tests.builders.waiting import eventually
from tests.conftest import MakeService
from tests.desktop.conftest import Load

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}


@asynccontextmanager
async def living(load: Callable[[], Settings]) -> AsyncIterator[tuple[Serving, list[Phase]]]:
    """One that runs, and the phases that were told."""
    phases: list[Phase] = []
    serving = Serving(load, lambda: phases.append(serving.status.phase))
    running = asyncio.gather(serving.run())
    try:
        yield serving, phases
        async with asyncio.timeout(10):
            await serving.end()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def phase(serving: Serving, wanted: Phase) -> None:
    await eventually(lambda: serving.status.phase is wanted)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_it_serves_when_it_is_wanted_and_ends_when_not(
    load: Load, options: dict[str, Any], sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    options["github_token"] = sandbox.grant
    async with living(load) as (serving, phases):
        assert serving.status.phase is Phase.STOPPED
        serving.want(serving=True)
        await phase(serving, Phase.SERVING)
        async with http.post(f"{serving.status.url}/v1/chat/completions", json=CHAT) as answer:
            assert answer.status == 200
        assert serving.served_by is None
        serving.want(serving=False)
        await phase(serving, Phase.STOPPED)
        await eventually(lambda: serving.handle is None)
        assert (serving.status.url, serving.status.address) == ("", "")
        serving.want(serving=True)
        await phase(serving, Phase.SERVING)
    assert phases[0] is Phase.STOPPED
    assert [one for n, one in enumerate(phases) if one is not phases[n - 1] or not n][:5] == [
        *(Phase.STOPPED, Phase.STARTING, Phase.SERVING, Phase.STOPPING, Phase.STOPPED)
    ]


async def test_it_serves_although_nobody_is_signed_in(load: Load, http: aiohttp.ClientSession) -> None:
    async with living(load) as (serving, _):
        serving.want(serving=True)
        await phase(serving, Phase.SERVING)
        assert serving.status.signed == "out"
        async with http.post(f"{serving.status.url}/v1/chat/completions", json=CHAT) as answer:
            assert answer.status == 401


async def test_a_stop_lets_open_requests_finish_and_a_start_meanwhile_is_not_lost(
    load: Load, options: dict[str, Any], sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    options["github_token"] = sandbox.grant
    async with living(load) as (serving, _):
        serving.want(serving=True)
        await phase(serving, Phase.SERVING)
        url = serving.status.url
        sandbox.script.fault("delay", seconds=0.3)
        asking = asyncio.gather(http.post(f"{url}/v1/chat/completions", json=CHAT))
        await eventually(lambda: serving.status.active == 1)
        serving.want(serving=False)
        await phase(serving, Phase.STOPPING)
        serving.want(serving=True)
        [answer] = await asking
        assert answer.status == 200
        await eventually(lambda: serving.status.phase is Phase.SERVING and serving.status.url != url)


async def test_what_drains_can_be_hurried(
    load: Load, options: dict[str, Any], sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    options["github_token"], options["drain_s"] = sandbox.grant, 60
    async with living(load) as (serving, _):
        serving.want(serving=True)
        await phase(serving, Phase.SERVING)
        sandbox.script.fault("stall")
        asking = asyncio.gather(http.post(f"{serving.status.url}/v1/chat/completions", json=CHAT))
        await eventually(lambda: serving.status.active == 1)
        serving.want(serving=False)
        await phase(serving, Phase.STOPPING)
        await serving.hurry()
        await phase(serving, Phase.STOPPED)
        [answer] = await asking
        assert answer.status == 503


async def test_clicks_that_come_faster_than_a_start_end_where_the_last_one_wanted(load: Load) -> None:
    async with living(load) as (serving, _):
        for wanted in (True, False, True, False, True):
            serving.want(serving=wanted)
        await phase(serving, Phase.SERVING)
        for wanted in (False, True, False):
            serving.want(serving=wanted)
            await asyncio.sleep(0)
        await phase(serving, Phase.STOPPED)
        await asyncio.sleep(0.05)
        assert serving.status.phase is Phase.STOPPED


async def test_other_settings_hold_after_it_has_begun_again(load: Load, options: dict[str, Any], sandbox: Sandbox) -> None:
    options["github_token"] = sandbox.grant
    async with living(load) as (serving, _):
        serving.begin_again()  # nothing serves that could
        serving.want(serving=True)
        await phase(serving, Phase.SERVING)
        options["account_type"] = "business"
        serving.begin_again()
        await eventually(lambda: serving.status.account_type == "business" and serving.status.phase is Phase.SERVING)


@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "not wanted"])
async def test_a_server_of_a_terminals_is_shown_and_can_be_stopped(
    load: Load, home: Path, options: dict[str, Any], make_service: MakeService, *, wanted: bool
) -> None:
    other = await make_service(run_folder=home / "runtime" / "copilot-api")
    options["port"] = other.run.port
    async with living(load) as (serving, _):
        serving.want(serving=wanted)
        await phase(serving, Phase.SERVING)
        assert (serving.status.url, serving.served_by) == (other.url, other.run.pid)
        serving.begin_again()
        await asyncio.sleep(0.05)
        assert other.url  # it still serves
        serving.want(serving=False)
        await phase(serving, Phase.STOPPED)
        assert not other.url
        await eventually(lambda: serving.served_by is None)


async def test_a_server_of_a_terminals_outlives_the_tray(
    load: Load, home: Path, options: dict[str, Any], make_service: MakeService
) -> None:
    other = await make_service(run_folder=home / "runtime" / "copilot-api")
    options["port"] = other.run.port
    async with living(load) as (serving, _):
        await phase(serving, Phase.SERVING)
    assert other.status.phase is Phase.SERVING


async def test_a_server_that_a_terminal_starts_later_is_found(
    load: Load, home: Path, options: dict[str, Any], make_service: MakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.05)
    options["port"] = free_port()
    async with living(load) as (serving, _):
        await asyncio.sleep(0.1)
        assert serving.status.phase is Phase.STOPPED
        other = await make_service(run_folder=home / "runtime" / "copilot-api", port=options["port"])
        await phase(serving, Phase.SERVING)
        await other.stop()
        await phase(serving, Phase.STOPPED)


async def test_who_stops_it_elsewhere_is_not_contradicted(load: Load, options: dict[str, Any], sandbox: Sandbox) -> None:
    options["github_token"] = sandbox.grant
    async with living(load) as (serving, _):
        serving.want(serving=True)
        await eventually(lambda: serving.handle is not None)
        assert serving.handle is not None
        await serving.handle.stop()  # as `copilot-api stop` does
        await eventually(lambda: serving.handle is None)
        await asyncio.sleep(0.05)
        assert serving.status.phase is Phase.STOPPED
        assert serving.unserved == ""


async def test_why_nothing_is_served_is_said_and_forgotten_with_the_next_try(load: Load, options: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options["port"] = taken.getsockname()[1]
        async with living(load) as (serving, _):
            serving.want(serving=True)
            await eventually(lambda: bool(serving.unserved))
            assert f"port {options['port']} is in use" in serving.unserved
            assert serving.status.phase is Phase.STOPPED
            options["port"] = 0
            serving.want(serving=True)
            await phase(serving, Phase.SERVING)
            assert serving.unserved == ""


async def test_settings_that_cannot_be_used_are_a_reason_too(home: Path) -> None:
    def load() -> Settings:
        raise StartFailed("config.toml is not valid TOML")

    async with living(load) as (serving, _):
        serving.want(serving=True)
        await eventually(lambda: bool(serving.unserved))
        assert serving.unserved == "config.toml is not valid TOML"


async def test_a_fault_of_our_own_does_not_end_the_tray(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    def load() -> Settings:
        raise ZeroDivisionError

    async with living(load) as (serving, _):
        serving.want(serving=True)
        await eventually(lambda: bool(serving.unserved))
        assert "Something went wrong inside copilot-api while starting to serve" in serving.unserved
    assert "a fault of our own while starting to serve: ZeroDivisionError" in caplog.text
