"""launchd is made to keep the tray: loaded once, renewed when it changed, ended and forgotten. On a Mac it is the real one."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot_api.desktop.autostart import launchctl
from copilot_api.desktop.autostart.launch_agent import LaunchAgent
from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.keeper.launchd import Launchd
from copilot_api.errors import SystemRefused
from tests.builders.launchd import stand_in

if sys.platform != "win32":
    SLEEPS = Program(("/bin/sleep", "60"))

    @pytest.fixture
    def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        if sys.platform == "linux":
            monkeypatch.setenv("PATH", str(stand_in(tmp_path)))
        yield tmp_path / "LaunchAgents"
        if launchctl.loaded() is not None:
            launchctl.unload()

    def keeps(folder: Path, program: Program = SLEEPS) -> Launchd:
        return Launchd(LaunchAgent(program, folder))

    def running(keeper: Launchd) -> int | None:
        """The process, when it has one."""
        until = time.monotonic() + 10
        while (kept := keeper.look()).pid is None and time.monotonic() < until:
            time.sleep(0.1)
        return kept.pid

    def test_it_is_installed_looked_at_and_removed(folder: Path) -> None:
        keeper = keeps(folder)
        before = keeper.look()
        assert (before.is_installed, before.is_running, before.pid, before.state) == (False, False, None, "not loaded")
        path = folder / f"{launchctl.LABEL}.plist"
        assert list(keeper.install()) == [f"wrote {path}: the tray starts at each login, and serves", "started it"]
        assert running(keeper) is not None
        kept = keeper.look()
        assert (kept.kind, kept.where, kept.is_installed, kept.is_running) == ("launch agent", str(path), True, True)
        assert kept.state == "running"
        assert kept.lingers is None
        assert list(keeper.remove()) == ["ended it", f"removed {path}"]
        assert keeper.look() == before
        assert list(keeper.remove()) == ["nothing was to start at login"]

    def test_a_second_time_changes_nothing_but_what_has_changed(folder: Path) -> None:
        list(keeps(folder).install())
        path = folder / f"{launchctl.LABEL}.plist"
        assert list(keeps(folder).install()) == [f"{path} is as it should be, and loaded"]
        moved = keeps(folder, Program(("/bin/sleep", "61")))
        assert list(moved.install()) == [f"wrote {path}: the tray starts at each login, and serves", "started it"]

    def test_the_log_is_the_file_that_the_agent_names(folder: Path) -> None:
        keeper = keeps(folder)
        list(keeper.install())
        log = Path(keeper.look().log)
        assert str(log) in (folder / f"{launchctl.LABEL}.plist").read_text("utf-8")
        log.write_text("one\ntwo\nthree\n", "utf-8")
        assert list(keeper.log(2, follow=False)) == ["two", "three"]
        log.unlink()
        with pytest.raises(SystemRefused, match="there is no log yet at "):
            list(keeper.log(2, follow=False))

    def test_launchd_hands_on_nothing_of_this_terminal(folder: Path) -> None:
        assert keeps(folder).given() == frozenset()
