"""Without a service manager the tray is started at login, and what it says is in its own file."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.xdg import Entry
from copilot_api.desktop.keeper.login import Login
from copilot_api.errors import SystemRefused

TRAY = Program((sys.executable, "tray", "--at-login"))
NEXT = "the tray starts at your next login, and serves; copilot-api tray starts it now"


@pytest.fixture
def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return Login(Entry(TRAY, (tmp_path / "autostart",)))


def test_it_is_installed_looked_at_and_removed(keeper: Login, tmp_path: Path) -> None:
    path = tmp_path / "autostart" / "copilot-api.desktop"
    assert keeper.look().is_installed is False
    assert list(keeper.install()) == [f"wrote {path}", NEXT]
    assert list(keeper.install()) == [f"renewed {path}", NEXT]
    kept = keeper.look()
    assert (kept.where, kept.is_installed, kept.is_running, kept.pid) == (str(path), True, None, None)
    assert list(keeper.remove()) == [f"took back {path}"]
    assert list(keeper.remove()) == ["nothing was to start at login"]
    assert keeper.given() == frozenset()


if sys.platform == "linux":

    def test_where_there_is_no_desktop_it_says_when_it_takes_effect(keeper: Login, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("DISPLAY")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
        assert any("there is no desktop session here" in step for step in keeper.install())

    def test_the_log_is_the_tray_s_own(keeper: Login, tmp_path: Path) -> None:
        with pytest.raises(SystemRefused, match="there is no log yet"):
            list(keeper.log(1, follow=False))
        log = tmp_path / "state" / "copilot-api" / "log" / "copilot-api.log"
        assert keeper.look().log == str(log)
        log.parent.mkdir(parents=True)
        log.write_text("one\ntwo\n", "utf-8")
        assert list(keeper.log(1, follow=False)) == ["two"]
