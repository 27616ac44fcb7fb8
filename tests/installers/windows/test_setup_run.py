"""The setup program for Windows, compiled and run: what it installs, what it leaves alone, what it takes away.

Slow: it needs Debian's nsis and wine. The program inside is one that NSIS makes, which is all that an installer sees of ours.
"""

from pathlib import Path

import pytest

from copilot_api import __version__
from tests.builders.wine import ENVIRONMENT, MACHINE, Windows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ABOUT = "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\copilot-api"
BUSY = 3


def links(windows: Windows) -> list[str]:
    return sorted(path.parent.name for path in windows.prefix.parent.rglob("Copilot API*.lnk"))


def test_a_silent_run_installs_for_one_person_and_removal_leaves_the_machine_as_it_was(windows: Windows, folder: Path) -> None:
    data = windows.home / "copilot-api" / "config.toml"
    data.parent.mkdir(exist_ok=True)
    data.write_text("port = 4200\n", "utf-8")
    before = windows.files()
    assert windows.install() == 0
    put = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert put == {
        path.relative_to(windows.program_folder): path.read_bytes()
        for path in windows.program_folder.rglob("*")
        if path.is_file() and path.name != "uninstall.exe"
    }
    where = windows.inside(windows.program_folder)
    assert links(windows) == ["Programs", "Programs"]
    assert windows.value(ENVIRONMENT, "Path") == where
    told = {name: windows.value(f"HKCU\\{ABOUT}", name) for name in ("DisplayName", "DisplayVersion", "Publisher")}
    assert told == {"DisplayName": "Copilot API", "DisplayVersion": __version__, "Publisher": "copilot-api contributors"}
    assert windows.value(f"HKCU\\{ABOUT}", "QuietUninstallString") == f'"{where}\\uninstall.exe" /S'
    size = sum(len(content) for content in put.values()) // 1024
    assert windows.value(f"HKCU\\{ABOUT}", "EstimatedSize") == hex(size)
    assert windows.value(f"HKLM\\{ABOUT}", "DisplayName") is None

    windows.uninstall(windows.program_folder)
    assert windows.files() - before <= {str(windows.program_folder.parent.relative_to(windows.prefix))}
    assert before <= windows.files()
    assert data.read_text("utf-8") == "port = 4200\n"
    assert windows.value(ENVIRONMENT, "Path") is None
    assert windows.value(f"HKCU\\{ABOUT}", "DisplayName") is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("C:\\one;%USERPROFILE%\\two", "REG_EXPAND_SZ"),
        ("C:\\one;", "REG_SZ"),
        (";".join(f"C:\\a long folder name\\number {n}" for n in range(300)), "REG_EXPAND_SZ"),
    ],
    ids=["short", "ends with a semicolon", "nine thousand characters"],
)
def test_path_gets_one_entry_and_is_given_back_as_it_was(windows: Windows, path: str, kind: str) -> None:
    windows.set_path(path, kind=kind)
    assert windows.install() == 0
    where = windows.inside(windows.program_folder)
    assert windows.value(ENVIRONMENT, "Path") == f"{path};{where}"
    assert windows.kind(ENVIRONMENT, "Path") == kind
    windows.set_path(f"{windows.value(ENVIRONMENT, 'Path')};C:\\added later", kind=kind)
    assert windows.install() == 0  # a second run adds nothing
    assert windows.value(ENVIRONMENT, "Path") == f"{path};{where};C:\\added later"
    windows.uninstall(windows.program_folder)
    assert windows.value(ENVIRONMENT, "Path") == f"{path};C:\\added later"
    assert windows.kind(ENVIRONMENT, "Path") == kind


def test_an_entry_that_was_there_before_is_not_ours_to_remove(windows: Windows) -> None:
    where = windows.inside(windows.program_folder)
    windows.set_path(f"C:\\one;{where.upper()};C:\\two")
    assert windows.install() == 0
    windows.uninstall(windows.program_folder)
    assert windows.value(ENVIRONMENT, "Path") == f"C:\\one;{where.upper()};C:\\two"


def test_who_wants_no_entry_in_path_gets_none_from_a_newer_version_either(windows: Windows) -> None:
    windows.set_path("C:\\one")
    assert windows.install("/NOPATH", "/DESKTOP") == 0
    assert links(windows) == ["Desktop", "Programs", "Programs"]
    assert windows.install() == 0
    assert windows.value(ENVIRONMENT, "Path") == "C:\\one"
    assert links(windows) == ["Desktop", "Programs", "Programs"]
    windows.uninstall(windows.program_folder)
    assert links(windows) == []


def test_a_newer_version_takes_the_files_of_the_older_away_and_no_others(windows: Windows) -> None:
    assert windows.install() == 0
    (windows.program_folder / "mine.txt").write_text("of the person", "utf-8")
    assert windows.install() == 0
    windows.uninstall(windows.program_folder)
    assert [path.name for path in windows.program_folder.iterdir()] == ["mine.txt"]


def test_for_everyone_it_uses_the_places_of_the_machine(windows: Windows) -> None:
    before = windows.value(MACHINE, "Path")
    everyone = windows.prefix / "drive_c" / "Program Files" / "copilot-api"
    assert windows.install("/ALLUSERS") == 0
    assert (everyone / "copilot-api.exe").exists()
    assert windows.value(MACHINE, "Path") == f"{before};{windows.inside(everyone)}"
    assert windows.value(f"HKLM\\{ABOUT}", "DisplayName") == "Copilot API"
    assert windows.value(f"HKCU\\{ABOUT}", "DisplayName") is None
    assert windows.install() == 0  # the next version goes where this one is
    assert not windows.program_folder.exists()
    windows.uninstall(everyone)
    assert not everyone.exists()
    assert windows.value(MACHINE, "Path") == before


def test_another_folder_may_be_named_and_left_again(windows: Windows) -> None:
    elsewhere = windows.home / "two words" / "copilot-api"
    # NSIS takes all that follows /D= as it stands, blanks included, and quotes would be part of the name.
    assert windows.install(*f"/D={windows.inside(elsewhere)}".split(" ")) == 0
    assert windows.value(ENVIRONMENT, "Path") == windows.inside(elsewhere)
    assert windows.install(f"/D={windows.inside(windows.program_folder)}") == 0
    assert not elsewhere.exists()
    assert windows.value(ENVIRONMENT, "Path") == windows.inside(windows.program_folder)
    windows.uninstall(windows.program_folder)


def test_a_running_program_is_waited_for(windows: Windows) -> None:
    assert windows.install() == 0
    running = windows.start(windows.program_folder / "copilot-api.exe", for_s=4)
    assert windows.install() == 0
    assert running.poll() == 0, "it was renewed while it ran"
    windows.uninstall(windows.program_folder)


def test_a_program_that_goes_on_running_is_neither_renewed_nor_removed(windows: Windows) -> None:
    assert windows.install() == 0
    before = windows.files()
    running = windows.start(windows.program_folder / "copilot-api.exe", for_s=30)
    assert windows.install("/WAIT=1") == BUSY
    assert windows.try_to_uninstall(windows.program_folder, "/WAIT=1") == BUSY
    assert running.poll() is None
    assert windows.files() == before
    windows.run("taskkill", "/f", "/im", "copilot-api.exe")
    running.wait(20)
    windows.uninstall(windows.program_folder)
