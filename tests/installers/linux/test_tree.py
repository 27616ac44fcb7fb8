"""Every package holds the same tree, each file where systems look for it."""

import gzip
import os
from pathlib import Path

import pytest

from installers import product
from installers.icons import draw
from installers.job import Job
from installers.linux import tree
from tests.installers.conftest import Make


@pytest.fixture
def prefix(make: Make, tmp_path: Path) -> Path:
    tree.plant(make.job(), tmp_path / "usr", tree.Places())
    return tmp_path / "usr"


def test_the_tree_is_complete(prefix: Path) -> None:
    planted = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_symlink() or path.is_file()}
    assert planted == {
        "bin/copilot-api",
        "lib/copilot-api/copilot-api",
        "lib/copilot-api/copilot_api/tokens/NOTICE",
        "lib/copilot-api/multidict/_multidict.so",
        "lib/systemd/user/copilot-api.service",
        "share/applications/copilot-api-terminal.desktop",
        "share/applications/copilot-api.desktop",
        "share/bash-completion/completions/copilot-api",
        "share/fish/vendor_completions.d/copilot-api.fish",
        "share/icons/hicolor/scalable/apps/copilot-api.svg",
        "share/man/man1/copilot-api.1.gz",
        f"share/metainfo/{product.APP_ID}.metainfo.xml",
        "share/zsh/site-functions/_copilot-api",
        *(f"share/icons/hicolor/{size}x{size}/apps/copilot-api.png" for size in draw.SIZES),
    }


def test_the_command_leads_to_the_program_wherever_the_tree_is(prefix: Path) -> None:
    command = prefix / "bin" / "copilot-api"
    assert command.resolve() == prefix / "lib" / "copilot-api" / "copilot-api"
    assert not command.readlink().is_absolute()


def test_a_manual_of_the_same_moment_has_the_same_bytes(prefix: Path) -> None:
    path = prefix / "share" / "man" / "man1" / "copilot-api.1.gz"
    packed = path.read_bytes()
    assert gzip.decompress(packed).startswith(b".TH COPILOT\\-API 1 ")
    assert packed[3:8] == bytes(5)  # neither a name nor a time


def test_modes_and_times_are_those_of_a_package(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (prefix / "share" / "applications" / "copilot-api.desktop").chmod(0o600)
    tree.settle(prefix)
    modes: dict[int, set[str]] = {}
    for path in prefix.rglob("*"):
        assert path.lstat().st_mtime == 1_700_000_000
        if not path.is_symlink():
            modes.setdefault(path.stat().st_mode & 0o777, set()).add("folder" if path.is_dir() else path.name)
    assert modes[0o755] == {"folder", "copilot-api"}
    assert set(modes) == {0o755, 0o644}
    assert not os.access(prefix / "share" / "bash-completion" / "completions" / "copilot-api", os.X_OK)


def test_what_it_takes_on_disk_is_counted_as_dpkg_does(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(bytes(1025))
    (tmp_path / "link").symlink_to("folder")
    assert tree.installed_kib(tmp_path) == 1 + 2 + 1


def test_the_build_is_left_as_it_was(stand_in: Path, make: Make, tmp_path: Path) -> None:
    before = {path: path.lstat().st_mtime_ns for path in stand_in.rglob("*")}
    job: Job = make.job()
    tree.plant(job, tmp_path / "usr", tree.Places())
    tree.settle(tmp_path / "usr")
    assert {path: path.lstat().st_mtime_ns for path in stand_in.rglob("*")} == before
