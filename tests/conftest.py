"""What every test may use: a running sandbox, a whole service in front of it, and a watch on the event loop."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol

import aiohttp
import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings as hypothesis_settings

from copilot_api.sandbox import Sandbox
from copilot_api.server.limits import Approver
from copilot_api.service import Service
from copilot_api.settings import Settings
from copilot_api.upstream.clock import Clock
from tests.builders.desktop import PROGRAMS
from tests.builders.linters import Linters

# A busy machine is slow and not wrong; what hangs is ended by pytest's own limit.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")

# Started in the background of a script, this process was told to ignore Ctrl-C, and would tell the programs it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

NEEDS_A_DESKTOP = {"desktop", "inside", "locked_desktop", "bare_session"}


def _lacks_a_desktop() -> str:
    """What keeps this machine from running a Secret Service; "" in CI, where that is an error and no excuse."""
    if os.environ.get("CI"):
        return ""
    if not sys.platform.startswith("linux"):
        return "they need Linux"
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed (apt-get install dbus gnome-keyring)" if missing else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no Secret Service to be had, its tests are left out, and the first line of the run says so."""
    if not _lacks_a_desktop():
        return
    left_out = [item for item in items if NEEDS_A_DESKTOP & set(getattr(item, "fixturenames", ()))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_report_header() -> list[str]:
    reason = _lacks_a_desktop()
    return [f"left out: the tests of the Linux keyring, {reason}"] if reason else []


class MakeService(Protocol):
    """Starts a service in front of the sandbox; the options are settings."""

    async def __call__(self, *, approver: Approver | None = None, clock: Clock | None = None, **options: Any) -> Service: ...


class SettingsFor(Protocol):
    """Makes settings that point at the sandbox."""

    def __call__(self, **options: Any) -> Settings: ...


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    """Any call of ours that blocks while an event loop runs is an error."""
    with blockbuster_ctx("copilot_api") as watch:
        yield watch


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture
def settings_for(sandbox: Sandbox) -> SettingsFor:
    """Settings that point at the sandbox, signed in."""

    def make(**options: Any) -> Settings:
        urls = {
            "github_url": sandbox.github_url,
            "github_api_url": sandbox.github_api_url,
            "copilot_url": sandbox.copilot_url,
        }
        return Settings(**{"port": 0, "drain_s": 0.2, "github_token": sandbox.grant, **urls, **options})

    return make


@pytest.fixture
async def make_service(settings_for: SettingsFor) -> AsyncIterator[MakeService]:
    """Services that are stopped when the test is over, and that must leave nothing behind."""
    started: list[Service] = []

    async def make(*, approver: Approver | None = None, clock: Clock | None = None, **options: Any) -> Service:
        service = Service(settings_for(**options), approver=approver, clock=clock)
        started.append(service)
        await service.start()
        return service

    yield make
    for service in started:
        await service.stop()
    left = {task.get_name() for task in asyncio.all_tasks()} & {"copilot-token", "model-list", "token-calibration"}
    assert not left, f"tasks outlived their service: {left}"


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """A service with the default settings."""
    return await make_service()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that knows no dialect."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture(scope="session")
def linters() -> Linters:
    """Installed at first use: for slow tests."""
    return Linters()
