"""The agent is one that launchd reads, restarts with patience, and that others may switch off."""

import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart import launchctl
from copilot_api.desktop.autostart.launch_agent import LaunchAgent, write
from copilot_api.desktop.autostart.program import Program
from copilot_api.settings import Settings
from tests.builders.launchd import stand_in

TRAY = Program((sys.executable, "tray", "--at-login"), {"COPILOT_API_CONFIG": "/Users/zoë/my <settings> & more.toml"})
LOG = Path("/Users/zoë/Library/Logs/copilot-api/copilot-api.log")


def test_it_starts_the_tray_at_login_and_again_after_a_crash_but_not_at_once() -> None:
    told = plistlib.loads(write(TRAY, LOG))
    assert told["ProgramArguments"] == [*TRAY.command]
    assert told["EnvironmentVariables"] == TRAY.variables
    assert told["RunAtLoad"] is True
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert told["ProcessType"] == "Interactive"
    assert told["ThrottleInterval"] >= 30
    assert told["ExitTimeOut"] > Settings().drain_s
    assert told["StandardOutPath"] == told["StandardErrorPath"] == str(LOG)


def test_the_system_s_own_checker_accepts_it(tmp_path: Path) -> None:
    path = tmp_path / "agent.plist"
    path.write_bytes(write(TRAY, LOG))
    if sys.platform == "darwin":
        subprocess.run(["plutil", "-lint", path], check=True, capture_output=True)
    else:
        subprocess.run(["plistutil", "-i", path, "-o", tmp_path / "binary"], check=True, capture_output=True)
        assert plistlib.loads((tmp_path / "binary").read_bytes())["ProgramArguments"] == [*TRAY.command]


if sys.platform != "win32":

    @pytest.fixture
    def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LaunchAgent:
        monkeypatch.setenv("HOME", str(tmp_path))
        if sys.platform == "linux":
            monkeypatch.setenv("PATH", str(stand_in(tmp_path)))
        return LaunchAgent(TRAY, tmp_path / "LaunchAgents")

    def test_it_is_off_on_and_off_again_without_a_trace(agent: LaunchAgent, tmp_path: Path) -> None:
        assert agent.is_on() is False
        agent.set(on=True)
        assert agent.is_on() is True
        assert agent.where == str(tmp_path / "LaunchAgents" / f"{launchctl.LABEL}.plist")
        log = Path(plistlib.loads(agent.path.read_bytes())["StandardErrorPath"])
        assert log.parent.is_dir(), "launchd makes the file and not the folder"
        agent.set(on=False)
        agent.set(on=False)
        assert agent.is_on() is False
        assert list(agent.path.parent.iterdir()) == []

    def test_a_program_that_has_gone_is_noticed(agent: LaunchAgent, tmp_path: Path) -> None:
        LaunchAgent(Program((str(tmp_path / "nowhere"), "tray")), tmp_path / "LaunchAgents").set(on=True)
        assert agent.is_on() is False
        agent.set(on=True)
        assert agent.is_on() is True

    @pytest.mark.parametrize("content", ["", "no plist", '<?xml version="1.0"?><plist version="1.0"><array/></plist>'])
    def test_a_file_that_is_none_starts_nothing(agent: LaunchAgent, content: str) -> None:
        agent.path.parent.mkdir()
        agent.path.write_text(content, "utf-8")
        assert agent.is_on() is False

    def test_a_run_of_uvx_is_not_offered(tmp_path: Path) -> None:
        passing = Program(("/Users/me/.cache/uv/archive-v0/x/bin/python", "tray"))
        assert LaunchAgent(passing, tmp_path).is_on() is None


if sys.platform == "linux":

    def test_what_was_switched_off_in_the_settings_is_off_until_it_is_set_here(agent: LaunchAgent, tmp_path: Path) -> None:
        agent.set(on=True)
        (tmp_path / "disabled").write_text(launchctl.LABEL, "utf-8")
        assert agent.is_on() is False
        agent.set(on=True)
        assert agent.is_on() is True
