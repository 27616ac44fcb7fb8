"""The bundle has the layout that macOS expects, and says of itself what it should."""

import os
import plistlib
import re
import subprocess
from pathlib import Path

import pytest

from copilot_api import __version__
from installers import product
from installers.job import CannotMake, Job
from installers.macos.bundle import AGENT, bundle, launch_agent


def test_its_files_are_where_macos_looks(job: Job) -> None:
    app = bundle(job)
    assert app.name == "Copilot API.app"
    inside = {str(path.relative_to(app / "Contents")) for path in app.rglob("*") if path.is_file()}
    assert inside == {
        "Info.plist",
        "PkgInfo",
        f"Library/LaunchAgents/{AGENT}",
        "MacOS/LICENCES.txt",
        "MacOS/copilot-api",
        "MacOS/inner/module.so",
        "MacOS/launcher",
        "Resources/icon.icns",
        "Resources/start.command",
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


def test_opened_it_asks_terminal_for_the_command_that_starts_the_server(job: Job) -> None:
    contents = bundle(job) / "Contents"
    launcher = (contents / "MacOS" / "launcher").read_text("utf-8")
    asked = re.search(r'"\$\{0%/\*\}/(.+)"', launcher)
    assert asked is not None
    command = contents / "MacOS" / asked[1]
    done = subprocess.run([command.resolve()], capture_output=True, text=True, check=True)
    assert done.stdout == "asked for: start\n"


def test_the_agent_starts_the_server_at_login_and_again_after_a_crash(job: Job) -> None:
    told = plistlib.loads((bundle(job) / "Contents" / "Library" / "LaunchAgents" / AGENT).read_bytes())
    assert told == launch_agent("/Applications/Copilot API.app/Contents/MacOS/copilot-api")
    assert told["ProgramArguments"][1:] == ["start"]
    assert told["KeepAlive"] == {"SuccessfulExit": False}
    assert told["ProcessType"] == "Interactive"
    assert told["ThrottleInterval"] >= 30
    assert f"{told['Label']}.plist" == AGENT


def test_a_second_run_replaces_the_first(job: Job) -> None:
    (bundle(job) / "left over").touch()
    assert not (bundle(job) / "left over").exists()


def test_a_program_for_windows_is_refused(job: Job, tmp_path: Path) -> None:
    (job.folder / "copilot-api").rename(job.folder / "copilot-api.exe")
    with pytest.raises(CannotMake, match="is not a program for macOS"):
        bundle(job)


def test_readme_names_the_agent_as_it_is_called() -> None:
    readme = (product.ROOT / "README.md").read_text("utf-8")
    assert f"~/Library/LaunchAgents/{AGENT}\n" in readme
