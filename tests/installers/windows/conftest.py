"""A folder as the compiler makes it on Windows, by its names; and a Windows of wine's on which to install one."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from installers.job import Job
from installers.windows.setup import setup
from tests.builders.wine import ENVIRONMENT, MACHINE, Windows

HERE = Path(__file__).parent
ABOUT = "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\copilot-api"


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job with that folder, in a project that lives somewhere."""
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/name")
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    folder = tmp_path / "copilot-api.dist"
    (folder / "inner" / "deep").mkdir(parents=True)
    (folder / "copilot-api.exe").write_bytes(b"MZ" * 2000)
    (folder / "LICENCES.txt").write_text("of others", "utf-8")
    (folder / "inner" / "deep" / "pri$e.pyd").write_bytes(b"library")
    out = tmp_path / "out"
    out.mkdir()
    return Job(folder=folder, file=folder / "copilot-api.exe", out=out)


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
def setup_program(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The setup program."""
    return setup(Job(folder=folder, file=folder, out=tmp_path_factory.mktemp("out")))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, folder: Path, setup_program: Path) -> Iterator[Windows]:
    """Made once, because it takes wine a quarter of a minute."""
    assert shutil.which("wine"), "the setup program is run by Debian's wine"
    prefix = tmp_path_factory.mktemp("wine") / "prefix"
    (prefix.parent / "Desktop").mkdir()  # wine would take HOME itself for the desktop
    # Without a display, and without asking for the parts (Mono, Gecko) that nothing here needs.
    hushed = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=", "DISPLAY": "", "LC_ALL": "C.UTF-8"}
    made = Windows(prefix, setup_program, {**os.environ, **hushed, "WINEPREFIX": str(prefix), "HOME": str(prefix.parent)})
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
    before = machine.value(MACHINE, "Path")
    yield machine
    for place in (machine.program_folder, machine.prefix / "drive_c" / "Program Files" / "copilot-api"):
        shutil.rmtree(place, ignore_errors=True)
    for root in ("HKCU", "HKLM"):
        machine.run("reg", "delete", f"{root}\\{ABOUT}", "/f")
    machine.run("reg", "delete", ENVIRONMENT, "/v", "Path", "/f")
    machine.set_path(before or "", key=MACHINE)
