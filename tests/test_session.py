"""What the session says in its environment is taken as it is meant, and nothing secret is carried."""

import os
import sys
from pathlib import Path

import pytest

from copilot_api import session


def test_the_way_to_the_files_is_absolute_and_nothing_else_is_carried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COPILOT_API_CONFIG", "a.toml")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", "")
    for secret in ("GH_TOKEN", "COPILOT_GITHUB_TOKEN", "COPILOT_API_KEY", "COPILOT_API_GITHUB_TOKEN"):
        monkeypatch.setenv(secret, "canary")
    assert session.places() == {"COPILOT_API_CONFIG": str(tmp_path / "a.toml"), "XDG_DATA_HOME": str(tmp_path / "data")}


def test_folders_of_settings_are_the_specifications_unless_they_are_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.delenv(name, raising=False)
    assert session.config_folders() == (Path.home() / ".config", Path("/etc/xdg"))
    monkeypatch.setenv("XDG_CONFIG_HOME", "/own")
    monkeypatch.setenv("XDG_CONFIG_DIRS", "/one::/two")
    assert session.config_folders() == (Path("/own"), Path("/one"), Path("/two"))


def test_a_desktop_may_have_several_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    assert session.desktops() == {"ubuntu", "GNOME"}
    monkeypatch.delenv("XDG_CURRENT_DESKTOP")
    assert session.desktops() == set()


@pytest.mark.parametrize(
    ("file", "folder", "program", "expected"),
    [
        ("/home/me/c.AppImage", "/home/me/.cache/x", "/home/me/.cache/x/AppRun", "/home/me/c.AppImage"),
        ("/opt/editor.AppImage", "/tmp/.mount_editor", "/usr/bin/copilot-api", None),
        ("/opt/editor.AppImage", "", "/usr/bin/copilot-api", None),
        ("", "/home/me/.cache/x", "/home/me/.cache/x/AppRun", None),
    ],
)
def test_an_appimage_is_known_by_what_was_unpacked_and_not_by_an_inherited_name(
    monkeypatch: pytest.MonkeyPatch, file: str, folder: str, program: str, expected: str | None
) -> None:
    """An editor that is one hands its own variables on to the terminals in it."""
    monkeypatch.setenv("APPIMAGE", file)
    monkeypatch.setenv("APPDIR", folder)
    monkeypatch.setattr(sys, "argv", [program])
    assert session.appimage() == (Path(expected) if expected else None)


def test_the_journal_is_known_by_what_it_reads_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.delenv("JOURNAL_STREAM", raising=False)
        assert session.is_journal(stream.fileno()) is False
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert session.is_journal(stream.fileno()) is True
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino + 1}")
        assert session.is_journal(stream.fileno()) is False, "redirected since"
    assert session.is_journal(stream_number := 987) is False, stream_number


def test_the_log_has_a_place_of_its_own_and_nobody_is_notified_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert session.log_path().name == "copilot-api.log"
    assert "copilot-api" in session.log_path().parts[-3:-1] or "Logs" in session.log_path().parts
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert session.notify_socket() == ""


def test_variables_that_are_forgotten_are_told_once_and_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "secret")
    monkeypatch.setenv("STAYS", "here")
    assert session.environment()["CANARY"] == "secret"
    assert session.forget(["CANARY", "NONE"]) == ["secret"]
    assert session.forget(["CANARY"]) == []
    assert "CANARY" not in session.environment()
    assert session.environment()["STAYS"] == "here"
