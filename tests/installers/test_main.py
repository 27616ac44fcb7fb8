"""`python -m installers` makes what it is asked for, and says what it cannot make."""

import subprocess
import sys
from pathlib import Path

from installers.__main__ import TARGETS

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "installers", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_help_names_every_target() -> None:
    told = " ".join(run("--help").stdout.split())
    assert ", ".join(TARGETS) in told


def test_it_makes_a_package_and_tells_of_each_step(stand_in: Path, tmp_path: Path) -> None:
    done = run("tar", "--folder", stand_in, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    made = list(tmp_path.glob("*.tar.gz"))
    assert len(made) == 1
    assert done.stderr.startswith("[1/1] tar\n")
    assert f"[1/1] tar: {made[0]} (" in done.stderr


def test_an_unknown_target_is_named_with_those_there_are(tmp_path: Path) -> None:
    done = run("floppy", "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"[1/1] floppy\nerror: there is no target 'floppy'\nhint: there are {', '.join(TARGETS)}\n"


def test_a_missing_folder_is_named_with_what_makes_it(tmp_path: Path) -> None:
    done = run("tar", "--folder", tmp_path / "nowhere", "--out", tmp_path)
    assert done.returncode == 1
    assert "nowhere holds no copilot-api\nhint: python build/build.py --standalone makes it" in done.stderr
