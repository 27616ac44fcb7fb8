"""What the tests of the tray share: a D-Bus session of their own, and pystray without a screen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.desktop import Desktop, bus

# pystray looks for a screen when it is imported, and this is how it is told not to.
os.environ.setdefault("PYSTRAY_BACKEND", "dummy")


@pytest.fixture
def session_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A session with nothing in it, which this process belongs to."""
    with bus(tmp_path) as session:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session.address)
        yield session
