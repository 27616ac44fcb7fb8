"""The .rpm holds what it should, says what it needs, satisfies rpmlint, and is the same each time."""

import os
import subprocess
from pathlib import Path

import pytest

from installers import product
from installers.linux import elf
from tests.installers.conftest import Make

CONFIG = Path(product.ROOT) / "installers" / "linux" / "rpmlint.toml"


@pytest.fixture(scope="module")
def package(make: Make) -> Path:
    return make("rpm")


def ask(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_rpmlint_has_nothing_to_say(package: Path) -> None:
    said = ask("rpmlint", "--strict", "--config", CONFIG, package)
    assert " 0 errors, 0 warnings" in said, said


def test_it_says_what_it_is_and_what_it_needs(package: Path, stand_in: Path) -> None:
    needs = elf.needs(stand_in, stand_in / "copilot-api")
    assert package.name == f"copilot-api-{product.version()}-1.{needs.machine}.rpm"
    told = ask("rpm", "-qp", "--queryformat", "%{NAME} %{VERSION} %{LICENSE} %{SUMMARY}", package)
    assert told == f"copilot-api {product.version()} MIT {product.SUMMARY}"
    required = {line for line in ask("rpm", "-qp", "--requires", package).splitlines() if not line.startswith("rpmlib(")}
    assert required == {f"libc.so.6(GLIBC_{needs.glibc})(64bit)", "ca-certificates"}


def test_it_holds_the_tree_and_owns_its_folder(package: Path) -> None:
    lines = [line.split() for line in ask("rpm", "-qplv", package).splitlines()]
    paths = {line[8] for line in lines}
    assert {(line[2], line[3]) for line in lines} == {("root", "root")}
    assert {"/usr/lib/copilot-api", "/usr/lib/copilot-api/copilot-api", "/usr/bin/copilot-api"} <= paths
    assert {"/usr/share/zsh/site-functions/_copilot-api", "/usr/share/licenses/copilot-api/LICENCES.txt"} <= paths
    assert not {"/usr", "/usr/bin", "/usr/lib", "/usr/share", "/usr/lib/systemd"} & paths


def test_it_runs_no_script_of_ours_on_the_machine(package: Path) -> None:
    assert ask("rpm", "-qp", "--scripts", package) == ""


def test_installed_and_removed_it_leaves_nothing(package: Path, tmp_path: Path) -> None:
    database = ("rpm", "--root", str(tmp_path), "--dbpath", "/var/lib/rpm")
    ask(*database, "--nodeps", "-i", package)
    assert os.access(tmp_path / "usr" / "lib" / "copilot-api" / "copilot-api", os.X_OK)
    ask(*database, "-e", "copilot-api")
    assert list(tmp_path.rglob("*copilot*")) == []


def test_two_runs_give_the_same_bytes(package: Path, make: Make) -> None:
    assert make("rpm").read_bytes() == package.read_bytes()
