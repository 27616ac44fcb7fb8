"""What the tests of the tray share: a person's own folders, a D-Bus session of their own, and pystray without a screen."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from tests.builders.desktop import Desktop

# D-Bus is Linux' own; and what stands in for Windows and macOS is nothing for those themselves.
ON_LINUX = ("backends", "dbus*", "linux_tray", "mac_tray", "notifications", "real_bars", "status_item", "windows_tray")
collect_ignore_glob = [] if sys.platform == "linux" else [f"test_{name}.py" for name in ON_LINUX]

# pystray looks for a screen when it is imported, and this is how it is told not to.
os.environ.setdefault("PYSTRAY_BACKEND", "dummy")

Load = Callable[[], Settings]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """One that is asked for the end of a sign-in each second."""
    async with Sandbox(poll_interval_s=0) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where everything that is kept goes meanwhile."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    return tmp_path


@pytest.fixture
def options(sandbox: Sandbox) -> dict[str, Any]:
    """Settings by name, which a test may change at any time, as a person may change the file."""
    return {
        "port": 0,
        "drain_s": 5.0,
        "token_store": "file",
        "github_url": sandbox.github_url,
        "github_api_url": sandbox.github_api_url,
        "copilot_url": sandbox.copilot_url,
    }


@pytest.fixture
def load(options: dict[str, Any], home: Path) -> Load:
    """Reads them."""
    return lambda: Settings(**options)


@pytest.fixture
def session_bus(private_bus: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """A session with nothing in it, which this process belongs to."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", private_bus.address)
    return private_bus
