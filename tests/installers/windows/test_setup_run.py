"""The setup program for Windows, compiled and run: what it installs, what it leaves alone, what it takes away.

Slow: it needs Debian's nsis and wine. The program inside is one that NSIS makes, which is all that an installer sees of ours.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from copilot_api import __version__
from installers.job import Job
from installers.windows.setup import setup

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HERE = Path(__file__).parent
HKCU, HKLM = "HKCU\\Environment", "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Environment"
ABOUT = "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\copilot-api"
FOLDER = "C:\\users\\{user}\\AppData\\Local\\Programs\\copilot-api"
BUSY = 3


@dataclass
class Windows:
    """A Windows of wine's, and the setup program."""

    prefix: Path
    setup: Path
    environ: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["wine", *command], env=self.environ, capture_output=True, text=True, check=False, timeout=90, errors="replace"
        )

    def install(self, *switches: str) -> int:
        return self.run(self.setup, "/S", *switches).returncode

    def uninstall(self, folder: Path) -> None:
        """Removes as Windows does it, and waits: an uninstaller moves to a temporary folder and goes on from there."""
        assert self.run(folder / "uninstall.exe", "/S").returncode == 0
        deadline = time.monotonic() + 20
        while (folder / "uninstall.exe").exists():
            assert time.monotonic() < deadline, list(folder.iterdir())
            time.sleep(0.02)
        time.sleep(0.1)  # it removes itself before its folder

    def try_to_uninstall(self, folder: Path, *switches: str) -> int:
        """Removes from where it is, so that the exit code is to be had."""
        return self.run(folder / "uninstall.exe", "/S", *switches, f"_?={self.inside(folder)}").returncode

    def start(self, program: Path, *, for_s: float) -> subprocess.Popen[bytes]:
        """A running copilot-api."""
        mark = self.home.parent.parent / "Temp" / "copilot-api-runs.txt"
        mark.unlink(missing_ok=True)
        running = subprocess.Popen(
            ["wine", program, str(int(for_s * 1000))], env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while not mark.exists():
            assert time.monotonic() < deadline, "the program did not start"
            time.sleep(0.05)
        return running

    def value(self, key: str, name: str) -> str | None:
        """A value of the registry."""
        asked = self.run("reg", "query", key, "/v", name).stdout
        found = re.search(rf"^\s+{name}\s+REG_\w+[ ]*(.*?)\r?$", asked, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else None

    def kind(self, key: str, name: str) -> str:
        found = re.search(
            rf"^\s+{name}\s+(REG_\w+)", self.run("reg", "query", key, "/v", name).stdout, re.MULTILINE | re.IGNORECASE
        )
        assert found
        return found[1]

    def set_path(self, value: str, *, key: str = HKCU, kind: str = "REG_EXPAND_SZ") -> None:
        self.run("reg", "add", key, "/v", "Path", "/t", kind, "/d", value, "/f")

    @property
    def home(self) -> Path:
        """%LOCALAPPDATA%."""
        return next((self.prefix / "drive_c" / "users").glob("*/AppData/Local"))

    @property
    def program_folder(self) -> Path:
        """Where it goes for one person."""
        return self.home / "Programs" / "copilot-api"

    def inside(self, path: Path) -> str:
        """A path as Windows writes it."""
        return "C:\\" + "\\".join(path.relative_to(self.prefix / "drive_c").parts)

    def files(self) -> set[str]:
        """Every file that is ours or a link to it, and all else that may come and go with it."""
        kept = (self.prefix / "drive_c" / place for place in ("users", "ProgramData", "Program Files"))
        names = (str(path.relative_to(self.prefix)) for place in kept for path in place.rglob("*"))
        return {name for name in names if "/Temp/" not in name}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A standalone folder, with names that an installer may stumble over."""
    made = tmp_path_factory.mktemp("built") / "copilot-api.dist"
    (made / "inner" / "deep").mkdir(parents=True)
    (made / "pri$e").mkdir()
    (made / "inner" / "deep" / "module.pyd").write_text("deep", "utf-8")
    (made / "LICENCES.txt").write_text("of others", "utf-8")
    (made / "pri$e" / "b é.txt").write_text("odd", "utf-8")
    assert shutil.which("makensis"), "the setup program is made by Debian's nsis"
    subprocess.run(["makensis", "-V2", f"-DOUT={made / 'copilot-api.exe'}", HERE / "dummy.nsi"], check=True)
    return made


@pytest.fixture(scope="session")
def program(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The setup program."""
    return setup(Job(folder=folder, file=folder, out=tmp_path_factory.mktemp("out")))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, folder: Path, program: Path) -> Iterator[Windows]:
    """Made once, because it takes wine a quarter of a minute."""
    assert shutil.which("wine"), "the setup program is run by Debian's wine"
    prefix = tmp_path_factory.mktemp("wine") / "prefix"
    (prefix.parent / "Desktop").mkdir()  # wine would take HOME itself for the desktop
    # Without a display, and without asking for the parts (Mono, Gecko) that nothing here needs.
    hushed = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=", "DISPLAY": "", "LC_ALL": "C.UTF-8"}
    made = Windows(prefix, program, {**os.environ, **hushed, "WINEPREFIX": str(prefix), "HOME": str(prefix.parent)})
    assert made.run("wineboot", "-i").returncode == 0
    # While any program runs wine stays up, and each call takes a twentieth of a second instead of two.
    shutil.copy(folder / "copilot-api.exe", prefix.parent / "stays.exe")
    with made.start(prefix.parent / "stays.exe", for_s=600) as stays:
        yield made
        stays.kill()
    subprocess.run(["wineserver", "-k"], env=made.environ, check=False)
    subprocess.run(["wineserver", "-w"], env=made.environ, check=False, timeout=30)
    shutil.rmtree(prefix)  # 700 MB


@pytest.fixture
def windows(machine: Windows) -> Iterator[Windows]:
    """The same machine as it was, whatever a test left on it."""
    before = machine.value(HKLM, "Path")
    yield machine
    for place in (machine.program_folder, machine.prefix / "drive_c" / "Program Files" / "copilot-api"):
        shutil.rmtree(place, ignore_errors=True)
    for root in ("HKCU", "HKLM"):
        machine.run("reg", "delete", f"{root}\\{ABOUT}", "/f")
    machine.run("reg", "delete", HKCU, "/v", "Path", "/f")
    machine.set_path(before or "", key=HKLM)


def links(windows: Windows) -> list[str]:
    return sorted(path.parent.name for path in windows.prefix.parent.rglob("Copilot API.lnk"))


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
    assert links(windows) == ["Programs"]
    assert windows.value(HKCU, "Path") == where
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
    assert windows.value(HKCU, "Path") is None
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
    assert windows.value(HKCU, "Path") == f"{path};{where}"
    assert windows.kind(HKCU, "Path") == kind
    windows.set_path(f"{windows.value(HKCU, 'Path')};C:\\added later", kind=kind)
    assert windows.install() == 0  # a second run adds nothing
    assert windows.value(HKCU, "Path") == f"{path};{where};C:\\added later"
    windows.uninstall(windows.program_folder)
    assert windows.value(HKCU, "Path") == f"{path};C:\\added later"
    assert windows.kind(HKCU, "Path") == kind


def test_an_entry_that_was_there_before_is_not_ours_to_remove(windows: Windows) -> None:
    where = windows.inside(windows.program_folder)
    windows.set_path(f"C:\\one;{where.upper()};C:\\two")
    assert windows.install() == 0
    windows.uninstall(windows.program_folder)
    assert windows.value(HKCU, "Path") == f"C:\\one;{where.upper()};C:\\two"


def test_who_wants_no_entry_in_path_gets_none_from_a_newer_version_either(windows: Windows) -> None:
    windows.set_path("C:\\one")
    assert windows.install("/NOPATH", "/DESKTOP") == 0
    assert links(windows) == ["Desktop", "Programs"]
    assert windows.install() == 0
    assert windows.value(HKCU, "Path") == "C:\\one"
    assert links(windows) == ["Desktop", "Programs"]
    windows.uninstall(windows.program_folder)
    assert links(windows) == []


def test_a_newer_version_takes_the_files_of_the_older_away_and_no_others(windows: Windows) -> None:
    assert windows.install() == 0
    (windows.program_folder / "mine.txt").write_text("of the person", "utf-8")
    assert windows.install() == 0
    windows.uninstall(windows.program_folder)
    assert [path.name for path in windows.program_folder.iterdir()] == ["mine.txt"]


def test_for_everyone_it_uses_the_places_of_the_machine(windows: Windows) -> None:
    before = windows.value(HKLM, "Path")
    everyone = windows.prefix / "drive_c" / "Program Files" / "copilot-api"
    assert windows.install("/ALLUSERS") == 0
    assert (everyone / "copilot-api.exe").exists()
    assert windows.value(HKLM, "Path") == f"{before};{windows.inside(everyone)}"
    assert windows.value(f"HKLM\\{ABOUT}", "DisplayName") == "Copilot API"
    assert windows.value(f"HKCU\\{ABOUT}", "DisplayName") is None
    assert windows.install() == 0  # the next version goes where this one is
    assert not windows.program_folder.exists()
    windows.uninstall(everyone)
    assert not everyone.exists()
    assert windows.value(HKLM, "Path") == before


def test_another_folder_may_be_named_and_left_again(windows: Windows) -> None:
    elsewhere = windows.home / "two words" / "copilot-api"
    # NSIS takes all that follows /D= as it stands, blanks included, and quotes would be part of the name.
    assert windows.install(*f"/D={windows.inside(elsewhere)}".split(" ")) == 0
    assert windows.value(HKCU, "Path") == windows.inside(elsewhere)
    assert windows.install(f"/D={windows.inside(windows.program_folder)}") == 0
    assert not elsewhere.exists()
    assert windows.value(HKCU, "Path") == windows.inside(windows.program_folder)
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
