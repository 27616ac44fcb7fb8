"""Each system gets its own backend, and where there can be none a person is told so."""

import pytest

from copilot_api.desktop.backends import open_backend
from copilot_api.desktop.linux_tray import LinuxTray
from copilot_api.errors import DesktopMissing


@pytest.mark.usefixtures("session_bus")
def test_linux_with_a_session_has_one() -> None:
    assert isinstance(open_backend("linux"), LinuxTray)


def test_linux_without_a_session_says_what_is_missing_and_what_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/at/all")
    with pytest.raises(DesktopMissing, match="no D-Bus session bus") as missing:
        open_backend("linux")
    assert "copilot-api start" in missing.value.hint


def test_a_system_without_any_says_so() -> None:
    with pytest.raises(DesktopMissing, match="no tray icon for freebsd14"):
        open_backend("freebsd14")
