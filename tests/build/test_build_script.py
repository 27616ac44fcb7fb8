"""`build/build.py` says what is missing, and its options are those that were found good. What it builds, .ci/run proves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(BUILD / "build.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})


def lacking(folder: Path, *modules: str) -> dict[str, str]:
    """An environment in which Python has none of `modules`."""
    source = f"""
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in {modules!r} else find_spec(name, package)
"""
    (folder / "sitecustomize.py").write_text(source, "utf-8")
    return {"PYTHONPATH": str(folder)}


def test_its_help_names_both_forms() -> None:
    done = run("--help")
    assert done.returncode == 0
    for option in ("--onefile", "--standalone", "--target-cpu", "--out", "--check", "--no-cache"):
        assert option in done.stdout


@pytest.mark.parametrize("module", ["typer", "nuitka", "zstandard", "PIL"])
def test_a_module_that_is_missing_is_named_with_the_way_to_get_it(tmp_path: Path, module: str) -> None:
    done = run("--out", str(tmp_path / "out"), **lacking(tmp_path, module))
    assert done.returncode == 1
    assert f"error: this Python has no {module}\nhint: run python3 build/dev.py build" in done.stderr
    assert not (tmp_path / "out").exists()


if sys.platform == "linux":  # other systems need neither

    def test_tools_that_are_missing_are_named_all_at_once(tmp_path: Path) -> None:
        done = run("--out", str(tmp_path / "out"), PATH=str(tmp_path))
        assert done.returncode == 1
        assert "error: gcc is missing\nhint: on Debian and Ubuntu: sudo apt-get install gcc libc6-dev" in done.stderr
        assert "error: patchelf is missing\nhint: on Debian and Ubuntu: sudo apt-get install patchelf" in done.stderr
