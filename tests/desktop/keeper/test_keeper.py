"""The way of this system is chosen, and a session that is missing is told and not passed over."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop import keeper as keepers
from copilot_api.desktop.keeper import keeper
from copilot_api.errors import SystemRefused

WAYS = {"darwin": "Launchd", "win32": "Login"}


@pytest.fixture(autouse=True)
def _no_systemd_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, "/nonexistent")


def test_without_systemd_it_is_what_the_system_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keepers, "BOOTED_WITH_SYSTEMD", tmp_path / "none")
    assert type(keeper()).__name__ == WAYS.get(sys.platform, "Login")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert type(keeper()).__name__ == WAYS.get(sys.platform, "Login")


if sys.platform == "linux":

    def test_where_systemd_runs_but_not_for_this_terminal_it_says_so(
        has_systemd: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(keepers, "BOOTED_WITH_SYSTEMD", tmp_path)
        with pytest.raises(SystemRefused, match="the one of your own cannot be reached from here") as refused:
            keeper()
        assert "not by su or sudo" in refused.value.hint
