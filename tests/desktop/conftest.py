"""What the tests of the tray share: a D-Bus session of their own, and pystray without a screen."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.desktop import Desktop, bus

# D-Bus is Linux' own; and what stands in for Windows and macOS is nothing for those themselves.
ON_LINUX = ("backends", "dbus*", "linux_tray", "mac_tray", "notifications", "real_bars", "status_item", "windows_tray")
collect_ignore_glob = [] if sys.platform == "linux" else [f"test_{name}.py" for name in ON_LINUX]

# pystray looks for a screen when it is imported, and this is how it is told not to.
os.environ.setdefault("PYSTRAY_BACKEND", "dummy")


@pytest.fixture
def session_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A session with nothing in it, which this process belongs to."""
    with bus(tmp_path) as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        yield session
