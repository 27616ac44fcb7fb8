"""The bundle has the layout that macOS expects, and says of itself what it should."""

import os
import plistlib
import re
import subprocess
from pathlib import Path

import pytest

from copilot_api import __version__
from installers.job import CannotMake, Job
from installers.macos.bundle import bundle


def test_its_files_are_where_macos_looks(job: Job) -> None:
    app = bundle(job)
    assert app.name == "Copilot API.app"
    inside = {str(path.relative_to(app / "Contents")) for path in app.rglob("*") if path.is_file()}
    assert inside == {
        "Info.plist",
        "PkgInfo",
        "MacOS/LICENCES.txt",
        "MacOS/copilot-api",
        "MacOS/inner/module.so",
        "MacOS/launcher",
        "Resources/icon.icns",
    }
    assert (app / "Contents" / "Resources" / "icon.icns").read_bytes()[:4] == b"icns"


def test_its_description_names_what_is_in_it(job: Job) -> None:
    contents = bundle(job) / "Contents"
    told = plistlib.loads((contents / "Info.plist").read_bytes())
    assert os.access(contents / "MacOS" / told["CFBundleExecutable"], os.X_OK)
    assert (contents / "Resources" / told["CFBundleIconFile"]).exists()
    assert told["CFBundleShortVersionString"] == told["CFBundleVersion"] == __version__
    assert re.fullmatch(r"[A-Za-z0-9.-]+", told["CFBundleIdentifier"]), "Apple allows no other characters"
    assert told["LSUIElement"] is True
    assert told["LSMinimumSystemVersion"] == "11.0"


def test_opened_it_starts_the_tray_wherever_it_lies(job: Job, tmp_path: Path) -> None:
    elsewhere = bundle(job).rename(tmp_path / "Copilot API of Zoë.app")
    done = subprocess.run([elsewhere / "Contents" / "MacOS" / "launcher"], capture_output=True, text=True, check=True)
    assert done.stdout == "asked for: tray\n"


def test_a_second_run_replaces_the_first(job: Job) -> None:
    (bundle(job) / "left over").touch()
    assert not (bundle(job) / "left over").exists()


def test_a_program_for_windows_is_refused(job: Job, tmp_path: Path) -> None:
    (job.folder / "copilot-api").rename(job.folder / "copilot-api.exe")
    with pytest.raises(CannotMake, match="is not a program for macOS"):
        bundle(job)
