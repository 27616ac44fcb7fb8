"""Packages made by the real targets out of a small stand-in for the program's folder, and what this machine lacks for them."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from installers import product
from installers.__main__ import TARGETS
from installers.job import Job

HERE = Path(__file__).parent
# The system's programs that the tests of a file need.
PROGRAMS = {
    "test_appimage.py": ("gcc", "mksquashfs", "unsquashfs", "readelf", "desktop-file-validate"),
    "test_archive.py": ("readelf",),
    "test_cask.py": ("ruby",),
    "test_completions.py": ("bash", "zsh", "fish"),
    "test_container_run.py": ("podman", "runc", "debootstrap"),
    "test_deb.py": ("ar", "dpkg-deb", "lintian", "readelf", "xz"),
    "test_elf.py": ("readelf", "gcc"),
    "test_installed.py": ("debootstrap", "dpkg-deb", "rpmbuild", "mksquashfs", "gcc", "readelf", "curl", "lintian", "rpmlint"),
    "test_login_run.py": ("makensis", "wine"),
    "test_main.py": ("readelf",),
    "test_manual.py": ("man", "mandoc", "groff"),
    "test_rpm.py": ("rpmbuild", "rpmlint", "rpm", "readelf"),
    "test_setup_run.py": ("makensis", "wine"),
    "test_texts.py": ("desktop-file-validate", "appstreamcli", "systemd-analyze", "dpkg-parsechangelog"),
    "test_tree.py": ("readelf",),
}
_LACKING: dict[str, list[str]] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Outside CI, tests whose programs are not installed are left out, and the end of the run says so."""
    if os.environ.get("CI"):
        return
    for name, programs in PROGRAMS.items():
        _LACKING[name] = [program for program in programs if shutil.which(program) is None]
    for name in ("test_container_run.py", "test_installed.py"):
        if not (product.ROOT / "dist" / "copilot-api.dist").is_dir():
            _LACKING[name].append("dist/copilot-api.dist")
        if not hasattr(os, "geteuid") or os.geteuid():
            _LACKING[name].append("root (for chroot)")
    left_out = [item for item in items if HERE in item.path.parents and _LACKING.get(item.path.name)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    missing = sorted({program for programs in _LACKING.values() for program in programs})
    if missing:
        terminalreporter.write_line(f"left out: tests of the installers that need {', '.join(missing)}")


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the compiled one: coreutils' env as the program, one real extension module, some data."""
    folder = tmp_path_factory.mktemp("built") / "copilot-api.dist"
    env, extension = shutil.which("env"), importlib.util.find_spec("multidict._multidict")
    assert env is not None
    assert extension is not None
    assert extension.origin is not None
    (folder / "copilot_api" / "tokens").mkdir(parents=True)
    (folder / "multidict").mkdir()
    shutil.copy(env, folder / "copilot-api")
    subprocess.run(["strip", "--strip-unneeded", "-o", folder / "multidict" / "_multidict.so", extension.origin], check=True)
    (folder / "copilot_api" / "tokens" / "NOTICE").write_text("data\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def make(stand_in: Path, tmp_path_factory: pytest.TempPathFactory) -> "Make":
    """Makes the package of a target, in a folder of its own."""
    return Make(stand_in, tmp_path_factory)


class Make:
    """Calls targets with the stand-in."""

    def __init__(self, folder: Path, paths: pytest.TempPathFactory) -> None:
        self._folder = folder
        self._paths = paths

    def job(self) -> Job:
        """A job with an empty folder for its packages."""
        return Job(folder=self._folder, file=self._folder / "copilot-api", out=self._paths.mktemp("out with a space"))

    def __call__(self, target: str) -> Path:
        return TARGETS[target](self.job())
