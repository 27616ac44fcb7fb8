"""The entry of that name which stands first decides, as for every desktop; the person's own is all that is ever changed."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.xdg import Entry
from copilot_api.errors import SystemRefused

TRAY = Program((sys.executable, "tray", "--at-login"))


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The person's folder and the machine's."""
    (tmp_path / "machine").mkdir()
    return tmp_path / "own" / "autostart", tmp_path / "machine"


def test_it_is_off_on_and_off_again_without_a_trace(folders: tuple[Path, Path]) -> None:
    own, _ = folders
    entry = Entry(TRAY, folders)
    assert entry.is_on() is False
    entry.set(on=True)
    assert entry.is_on() is True
    assert entry.where == str(own / "copilot-api.desktop")
    entry.set(on=True)
    entry.set(on=False)
    entry.set(on=False)
    assert entry.is_on() is False
    assert list(own.iterdir()) == []


def test_what_the_machine_starts_for_everybody_is_on_and_taken_back_for_the_person_alone(folders: tuple[Path, Path]) -> None:
    own, machine = folders
    entry = Entry(TRAY, folders)
    Entry(TRAY, (machine,)).set(on=True)
    everybody = (machine / "copilot-api.desktop").read_bytes()
    assert entry.is_on() is True
    entry.set(on=False)
    assert entry.is_on() is False
    assert "Hidden=true" in (own / "copilot-api.desktop").read_text("utf-8")
    assert (machine / "copilot-api.desktop").read_bytes() == everybody
    entry.set(on=True)
    assert entry.is_on() is True


def test_others_may_change_it_and_are_believed(folders: tuple[Path, Path]) -> None:
    own, _ = folders
    entry = Entry(TRAY, folders)
    entry.set(on=True)
    path = own / "copilot-api.desktop"
    path.write_text(path.read_text("utf-8") + "X-GNOME-Autostart-enabled=false\n", "utf-8")
    assert entry.is_on() is False
    entry.set(on=True)
    assert entry.is_on() is True
    path.unlink()
    assert entry.is_on() is False


def test_a_program_that_was_moved_is_noticed_and_the_entry_mended(folders: tuple[Path, Path], tmp_path: Path) -> None:
    program = tmp_path / "old place" / "copilot-api"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    Entry(Program((str(program), "tray")), folders).set(on=True)
    assert Entry(TRAY, folders).is_on() is True, "it starts, whichever copy asks"
    program.rename(tmp_path / "new place")
    assert Entry(TRAY, folders).is_on() is False
    Entry(TRAY, folders).set(on=True)
    assert Entry(TRAY, folders).is_on() is True


def test_a_run_of_uvx_is_not_offered(folders: tuple[Path, Path]) -> None:
    entry = Entry(Program(("/home/me/.cache/uv/archive-v0/x/bin/python", "tray")), folders)
    assert entry.is_on() is None
    with pytest.raises(SystemRefused):
        entry.set(on=True)
    assert not folders[0].exists()


def test_the_folders_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path}/first:{tmp_path}/second")
    (tmp_path / "second" / "autostart").mkdir(parents=True)
    Entry(TRAY, (tmp_path / "second" / "autostart",)).set(on=True)
    entry = Entry(TRAY)
    assert entry.where == str(tmp_path / "own" / "autostart" / "copilot-api.desktop")
    assert entry.is_on() is True


def test_an_entry_that_cannot_be_read_starts_nothing(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry(TRAY, folders)
    entry.set(on=True)

    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert entry.is_on() is False
