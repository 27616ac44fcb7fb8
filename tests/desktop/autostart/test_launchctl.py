"""launchd is asked in launchctl's words, and waited for."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart import launchctl
from copilot_api.errors import SystemRefused
from tests.builders.launchd import stand_in

if sys.platform == "linux":

    @pytest.fixture
    def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PATH", str(stand_in(tmp_path)))
        (tmp_path / "agent.plist").write_text('<?xml version="1.0"?><plist version="1.0"><dict/></plist>', "utf-8")
        return tmp_path

    def asked(kept: Path) -> list[str]:
        return (kept / "asked").read_text("utf-8").splitlines()

    def test_an_agent_is_loaded_told_of_and_unloaded(kept: Path) -> None:
        assert launchctl.loaded() is None
        launchctl.load(str(kept / "agent.plist"))
        told = launchctl.loaded()
        assert told is not None
        assert (told["state"], told["pid"]) == ("running", "4711")
        launchctl.unload()
        assert launchctl.loaded() is None
        assert f"bootout gui/0/{launchctl.LABEL}" in [line.replace(launchctl.domain(), "gui/0") for line in asked(kept)]

    def test_launchd_is_given_the_time_it_takes(kept: Path) -> None:
        """It refuses what comes while it still ends what was there."""
        (kept / "busy").touch()
        launchctl.load(str(kept / "agent.plist"))
        assert launchctl.loaded() is not None

    def test_what_it_goes_on_refusing_is_told(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launchctl, "LOADS_WITHIN_S", 0.3)
        with pytest.raises(SystemRefused, match="launchd refused: "):
            launchctl.load(str(kept / "nowhere.plist"))

    def test_what_the_person_switched_off_is_known_and_taken_back(kept: Path) -> None:
        assert launchctl.is_disabled() is False
        (kept / "disabled").write_text(launchctl.LABEL, "utf-8")
        assert launchctl.is_disabled() is True
        launchctl.enable()
        assert launchctl.is_disabled() is False


if sys.platform == "darwin":

    def test_the_real_one_is_understood() -> None:
        assert launchctl.is_disabled() is False
        assert launchctl.loaded() is None


def test_the_domain_is_the_session_at_the_screen() -> None:
    assert launchctl.domain().startswith("gui/")
    assert launchctl.target() == f"{launchctl.domain()}/io.github.copilot_api.copilot_api"
