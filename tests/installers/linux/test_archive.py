"""The archive unpacks into a home folder as a program that works there, and is the same each time."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from installers import product
from tests.installers.conftest import Make


@pytest.fixture(scope="module")
def package(make: Make) -> Path:
    return make("tar")


def test_unpacked_into_a_home_folder_it_runs(package: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "-xzf", str(package), "-C", str(tmp_path), "--strip-components=1"], check=True)
    # The stand-in is coreutils' env.
    told = subprocess.run([tmp_path / "bin" / "copilot-api", "echo", "it runs"], capture_output=True, text=True, check=True)
    assert told.stdout == "it runs\n"
    unit = (tmp_path / "share" / "systemd" / "user" / "copilot-api.service").read_text("utf-8")
    assert "\nExecStart=%h/.local/bin/copilot-api start --patient\n" in unit
    assert "yarl " in (tmp_path / "share" / "doc" / "copilot-api" / "LICENCES.txt").read_text("utf-8")


def test_names_are_in_order_below_one_folder_and_belong_to_nobody(package: Path) -> None:
    with tarfile.open(package) as tar:
        entries = tar.getmembers()
    names = [entry.name for entry in entries]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert {name.split("/")[0] for name in names} == {package.name.removesuffix(".tar.gz")}
    assert package.name.startswith(f"copilot-api-{product.version()}-linux-{os.uname().machine}")
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries} == {(0, 0, "", "")}
    assert {entry.mtime for entry in entries} == {product.epoch()}


def test_two_runs_give_the_same_bytes(package: Path, make: Make) -> None:
    assert make("tar").read_bytes() == package.read_bytes()
