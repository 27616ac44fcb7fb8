"""What systemd's logind says on the system's bus of sleep, and what becomes of us where there is no such bus."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from jeepney import DBusAddress, message_bus, new_signal
from jeepney.io.asyncio import open_dbus_connection

from copilot_api.machine import logind
from tests.builders.desktop import Desktop, bus
from tests.builders.logind import Logind
from tests.builders.logind import logind as on_a_bus
from tests.builders.waiting import eventually

MANAGER = DBusAddress("/org/freedesktop/login1", interface="org.freedesktop.login1.Manager")


class Told:
    """What was heard so far."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def bare_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A bus with nobody on it, in the place of the system's."""
    with bus(tmp_path) as session:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", session.environment["DBUS_SESSION_BUS_ADDRESS"])
        yield session


@asynccontextmanager
async def listening(told: Told) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(logind.listen(told))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_waking_is_told_and_falling_asleep_is_not(bare_session: Desktop, told: Told) -> None:
    speaker = await open_dbus_connection(bare_session.environment["DBUS_SESSION_BUS_ADDRESS"])
    async with speaker, listening(told):
        await speaker.send(message_bus.RequestName("org.freedesktop.login1"))

        async def say(member: str, asleep: bool) -> None:
            await speaker.send(new_signal(MANAGER, member, "b", (asleep,)))

        while told.times == 0:  # until somebody listens
            await say("PrepareForSleep", asleep=False)
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)  # until all of that is heard
        before = told.times
        await say("PrepareForSleep", asleep=True)
        await say("PrepareForShutdown", asleep=False)
        await say("PrepareForSleep", asleep=False)
        await eventually(lambda: told.times == before + 1)


async def test_where_there_is_no_bus_it_ends(told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for address in (f"unix:path={tmp_path}/none", "tcp:host=localhost,port=1"):
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        await logind.listen(told)


async def test_a_bus_that_goes_is_looked_for_again(
    told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logind, "AGAIN_S", 0.02)
    caplog.set_level("DEBUG", "copilot_api")
    callers = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal callers
        callers += 1
        writer.close()

    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    async with await asyncio.start_unix_server(hang_up, tmp_path / "bus"), listening(told):
        await eventually(lambda: callers > 2)
    assert "the system's bus is gone" in caplog.text


@pytest.fixture
async def real_logind(as_root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Logind]:
    """The system's bus is one with the real logind on it."""
    async with on_a_bus(tmp_path) as system:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", system.address)
        yield system


@pytest.mark.slow
async def test_the_real_logind_is_understood(real_logind: Logind, told: Told) -> None:
    async with listening(told):
        while told.times == 0:  # until somebody listens
            await real_logind.suspend()
            await asyncio.sleep(0.1)  # until all of that is heard
        before = told.times
        await real_logind.suspend()
        await eventually(lambda: told.times == before + 1)
