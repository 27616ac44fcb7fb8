"""`build/dev.py` says what it can do, and what is missing when it cannot. What it installs, .ci/run proves."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DEV = ROOT / "build" / "dev.py"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with just what dev.py looks at."""
    (tmp_path / "build").mkdir()
    shutil.copy(DEV, tmp_path / "build")
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("", "utf-8")
    return tmp_path


def run(clone: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(clone / "build" / "dev.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def without(tmp_path: Path, module: str) -> dict[str, str]:
    """An environment in which Python has no such module."""
    folder = tmp_path / "without"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n", "utf-8")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_it_says_what_it_can_do(clone: Path, arguments: list[str]) -> None:
    done = run(clone, *arguments)
    assert done.returncode == 0
    assert "python3 build/dev.py start --sandbox" in done.stdout
    assert "python3 build/dev.py test" in done.stdout
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_a_python_that_makes_no_environments_is_told_with_the_package_to_install(
    clone: Path, tmp_path_factory: pytest.TempPathFactory, module: str
) -> None:
    done = run(clone, "test", **without(tmp_path_factory.mktemp("python"), module))
    assert done.returncode == 1
    assert done.stderr == (
        f"error: this Python has no {module}, and so cannot make a virtual environment\n"
        f"hint: on Debian and Ubuntu run: sudo apt-get install python3.{sys.version_info.minor}-venv\n"
    )


def test_the_lock_needs_uv(clone: Path) -> None:
    done = run(clone, "lock", PATH="")
    assert done.returncode == 1
    assert done.stderr.startswith("error: uv is needed to write requirements.lock\nhint: https://")


if os.name != "nt":

    def test_an_environment_that_is_up_to_date_is_used_as_it_is(clone: Path) -> None:
        """The stamp names lock and project; with it, nothing is installed, not even looked at."""
        python = clone / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text('#!/bin/sh\necho "ran $*"\nexit 7\n', "utf-8")
        python.chmod(0o755)
        (clone / ".venv" / "installed").write_text(hashlib.sha256(b"").hexdigest(), "utf-8")
        assert run(clone, "start", "--sandbox").stdout == "ran -m copilot_api start --sandbox\n"
        done = run(clone, "test", "-k", "x")
        assert (done.returncode, done.stdout, done.stderr) == (7, "ran -m pytest -k x\n", "")
        assert run(clone, "check").stdout == "ran -m ruff check\n"
