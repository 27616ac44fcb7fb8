"""The entry is started as sessions start it: by systemd, as under GNOME and KDE; by GLib; by a plain session's starter."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.program import Program, at_login
from copilot_api.desktop.autostart.xdg import Entry
from tests.builders.own_systemd import own_systemd

if sys.platform == "linux":
    SCRIPT = """#!/usr/bin/python3
import json, os, sys
with open({out!r}, "w") as out:
    json.dump([*sys.argv, os.environ.get("COPILOT_API_CONFIG", "")], out)
"""
    UNIT = "app-copilot\\x2dapi@autostart.service"

    @pytest.fixture(params=["plain", "Zoë's home · 家, two; words & (more) #1"])
    def starts(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], None]:
        """Switches a stand-in for the tray on; the returned waits until it tells that it was started, and how."""
        program, told = tmp_path / str(request.param) / "copilot-api", tmp_path / "started.json"
        program.parent.mkdir()
        program.write_text(SCRIPT.format(out=str(told)), "utf-8")
        program.chmod(0o755)
        environ = {} if request.param == "plain" else {"COPILOT_API_CONFIG": str(program.with_name("config.toml"))}
        entry = Entry(Program((str(program), "tray", "--at-login"), environ), (tmp_path / ".config" / "autostart",))
        entry.set(on=True)

        def check() -> None:
            until = time.monotonic() + 10
            while not (told.exists() and told.stat().st_size):
                assert time.monotonic() < until, "it was not started"
                time.sleep(0.02)
            expected = [str(program), "tray", "--at-login", environ.get("COPILOT_API_CONFIG", "")]
            assert json.loads(told.read_text("utf-8")) == expected

        return check

    def test_glib_starts_it(tmp_path: Path, starts: Callable[[], None]) -> None:
        subprocess.run(["gio", "launch", tmp_path / ".config" / "autostart" / "copilot-api.desktop"], check=True)
        starts()

    def test_a_plain_session_starts_it(tmp_path: Path, starts: Callable[[], None]) -> None:
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_CONFIG_DIRS": "/nonexistent", "LC_ALL": "C.UTF-8"}
        subprocess.run(["dex", "--autostart", "--environment", "XFCE"], env=environ, check=True)
        starts()

    def test_systemd_starts_it(has_systemd: None, tmp_path: Path, starts: Callable[[], None]) -> None:
        with own_systemd(tmp_path) as login:
            assert UNIT in login.ask("systemctl", "--user", "list-dependencies", "--plain", "xdg-desktop-autostart.target")
            login.ask("systemctl", "--user", "start", UNIT)
            starts()

    def test_the_real_tray_is_started_by_a_login_and_serves(has_systemd: None, tmp_path: Path, port: int) -> None:
        """It waits for a bar, of which there is none, and serves all the same."""
        settings = tmp_path / ".config" / "copilot-api" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'sandbox = true\ntoken_store = "file"\nport = {port}\n', "utf-8")
        Entry(at_login("tray", "--at-login"), (tmp_path / ".config" / "autostart",)).set(on=True)
        with own_systemd(tmp_path) as login:
            login.ask("systemctl", "--user", "start", UNIT)
            until = time.monotonic() + 20
            while login.run("curl", "-sf", f"http://127.0.0.1:{port}/health").returncode:
                assert time.monotonic() < until, login.ask("journalctl", f"--user-unit={UNIT}", "--output=cat")
                time.sleep(0.1)
            login.ask("systemctl", "--user", "stop", UNIT)
            assert login.ask("systemctl", "--user", "show", UNIT, "--property=Result", "--value") == "success"
