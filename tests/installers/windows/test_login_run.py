"""Start at login on a Windows of wine's: what the tray's menu and the setup program write is what the shell starts.

Slow: it needs Debian's nsis and wine.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.run_key import APPROVED, RUN, RunKey
from tests.builders.wine import Windows

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ON, OFF = "020000000000000000000000", "030000001122334455667788"
"""What the Task Manager writes."""


class WineRegistry:
    """The registry of that Windows, by its own `reg`, as `WindowsRegistry` is by the system's interface for programs."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows

    def read(self, key: str, name: str) -> str | bytes | None:
        asked = self._windows.run("reg", "query", f"HKCU\\{key}", "/v", name).stdout
        found = re.search(rf"^    {name}    (REG_\w+)    (.*?)\r?$", asked, re.MULTILINE)
        if found is None:
            return None
        return bytes.fromhex(found[2]) if found[1] == "REG_BINARY" else found[2]

    def write(self, key: str, name: str, value: str) -> None:
        self._windows.run("reg", "add", f"HKCU\\{key}", "/v", name, "/t", "REG_SZ", "/d", value, "/f")

    def erase(self, key: str, name: str) -> None:
        self._windows.run("reg", "delete", f"HKCU\\{key}", "/v", name, "/f")


@pytest.fixture
def nothing_at_login(windows: Windows) -> Iterator[Windows]:
    """That Windows, on which nothing of ours starts at login, before and after."""
    yield windows
    for key in (RUN, APPROVED):
        windows.run("reg", "delete", f"HKCU\\{key}", "/v", "copilot-api", "/f")


def tray(windows: Windows, program: Path) -> RunKey:
    """Start at login of a tray that runs from there."""
    command = (windows.inside(program), "tray", "--at-login")
    return RunKey(Program(command), WineRegistry(windows), is_there=lambda path: windows.outside(path).is_file())


def approve(windows: Windows, state: str) -> None:
    """What a click in the Task Manager does."""
    windows.run("reg", "add", f"HKCU\\{APPROVED}", "/v", "copilot-api", "/t", "REG_BINARY", "/d", state, "/f")


def line(windows: Windows) -> str | None:
    return windows.value(f"HKCU\\{RUN}", "copilot-api")


def test_what_the_menu_writes_is_started_when_the_person_logs_in(nothing_at_login: Windows, folder: Path) -> None:
    windows = nothing_at_login
    program = windows.home / "Zoë's 100% & (more)" / "copilot-api.exe"
    program.parent.mkdir()
    shutil.copy(folder / "copilot-api.exe", program)
    menu = tray(windows, program)
    assert menu.is_on() is False
    menu.set(on=True)
    assert line(windows) == f'"{windows.inside(program)}" tray --at-login'
    assert menu.is_on() is True
    assert windows.log_in() == f"{windows.inside(program)} tray --at-login"
    menu.set(on=False)
    assert line(windows) is None
    assert menu.is_on() is False
    shutil.rmtree(program.parent)


def test_what_the_task_manager_switched_off_is_off_until_the_menu_switches_it_on(
    nothing_at_login: Windows, folder: Path
) -> None:
    windows = nothing_at_login
    program = windows.home / "copilot-api.exe"
    shutil.copy(folder / "copilot-api.exe", program)
    menu = tray(windows, program)
    menu.set(on=True)
    approve(windows, OFF)
    assert menu.is_on() is False
    approve(windows, ON)
    assert menu.is_on() is True
    approve(windows, OFF)
    menu.set(on=True)
    assert menu.is_on() is True
    program.unlink()
    assert menu.is_on() is False, "the program has gone"


def test_the_setup_program_writes_what_the_menu_would_and_takes_it_back(nothing_at_login: Windows) -> None:
    windows = nothing_at_login
    menu = tray(windows, windows.program_folder / "copilot-api.exe")
    assert windows.install() == 0
    assert line(windows) is None
    assert windows.install("/AUTOSTART") == 0
    written = line(windows)
    assert menu.is_on() is True
    menu.set(on=True)
    assert line(windows) == written
    assert windows.install() == 0
    assert line(windows) == written, "a newer version leaves it on"
    windows.uninstall(windows.program_folder)
    assert line(windows) is None


def test_a_version_in_another_folder_is_the_one_that_starts_from_then_on(nothing_at_login: Windows, folder: Path) -> None:
    windows = nothing_at_login
    elsewhere, other = windows.home / "two words" / "copilot-api", windows.home / "another.exe"
    assert windows.install("/AUTOSTART") == 0
    assert windows.install(*f"/D={windows.inside(elsewhere)}".split(" ")) == 0
    assert line(windows) == f'"{windows.inside(elsewhere)}\\copilot-api.exe" tray --at-login'
    shutil.copy(folder / "copilot-api.exe", other)
    tray(windows, other).set(on=True)
    windows.uninstall(elsewhere)
    assert line(windows) == f'"{windows.inside(other)}" tray --at-login', "another copy is not the setup program's to take back"
    other.unlink()


def test_what_the_person_switched_off_is_not_switched_on_by_a_newer_version(nothing_at_login: Windows) -> None:
    windows = nothing_at_login
    assert windows.install("/AUTOSTART") == 0
    approve(windows, OFF)
    assert windows.install() == 0
    assert tray(windows, windows.program_folder / "copilot-api.exe").is_on() is False
    windows.uninstall(windows.program_folder)
    assert windows.value(f"HKCU\\{APPROVED}", "copilot-api") is None
