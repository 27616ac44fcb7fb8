"""The .deb holds what it should, says what it needs, satisfies lintian, and is the same each time."""

import subprocess
from pathlib import Path

import pytest

from installers import product
from installers.job import CannotMake
from installers.linux import deb, elf
from tests.installers.conftest import Make


@pytest.fixture(scope="module")
def package(make: Make) -> Path:
    return make("deb")


def ask(*command: str | Path) -> str:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout


def test_lintian_has_nothing_to_say(package: Path) -> None:
    done = subprocess.run(
        ["lintian", "--allow-root", "--fail-on", "error,warning", package],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_it_says_what_it_is_and_what_it_needs(package: Path, stand_in: Path) -> None:
    needs = elf.needs(stand_in, stand_in / "copilot-api")
    fields = ask("dpkg-deb", "--field", package)
    assert package.name == f"copilot-api_{product.version()}_{needs.debian}.deb"
    assert f"\nVersion: {product.version()}\n" in fields
    assert f"\nDepends: libc6 (>= {needs.glibc}), ca-certificates\n" in fields
    assert f"\nDescription: {product.SUMMARY}\n" in fields
    assert "python" not in fields.partition("Depends:")[2].partition("\n")[0].lower()


def test_files_belong_to_root_and_lie_below_usr(package: Path) -> None:
    lines = ask("dpkg-deb", "--contents", package).splitlines()
    assert {line.split()[1] for line in lines} == {"root/root"}
    assert all(line.split()[5].startswith(("./", "./usr/")) for line in lines)
    names = {line.split()[5] for line in lines}
    assert "./usr/share/zsh/vendor-completions/_copilot-api" in names
    assert {"./usr/share/doc/copilot-api/copyright", "./usr/share/doc/copilot-api/changelog.gz"} <= names


def test_it_runs_no_script_of_ours_on_the_machine(package: Path, tmp_path: Path) -> None:
    ask("dpkg-deb", "--control", package, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"control", "md5sums"}


def test_the_sums_are_those_of_the_files(package: Path, tmp_path: Path) -> None:
    ask("dpkg-deb", "--raw-extract", package, tmp_path)
    checked = subprocess.run(
        ["md5sum", "--check", "--strict", "DEBIAN/md5sums"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    files = [path for path in (tmp_path / "usr").rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(checked.stdout.splitlines()) == len(files)


@pytest.mark.parametrize(("architecture", "filters"), [("amd64", "--x86 --lzma2="), ("arm64", "--lzma2=")])
def test_packing_changes_no_byte_of_what_is_packed(tmp_path: Path, architecture: str, filters: str) -> None:
    """As the system's own ar, xz and dpkg-deb read it, with members of odd and of even length."""
    for folder, text in (
        ("DEBIAN", "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"),
        ("usr", "x" * 99),
    ):
        (tmp_path / "root" / folder).mkdir(parents=True)
        (tmp_path / "root" / folder / "control").write_text(text, "utf-8")
    plain, path = tmp_path / "plain.deb", tmp_path / "packed.deb"
    ask("dpkg-deb", "--root-owner-group", "-Znone", "--build", tmp_path / "root", plain)
    path.write_bytes(deb.packed(plain.read_bytes(), architecture))
    assert ask("ar", "t", path).split() == ["debian-binary", "control.tar.xz", "data.tar.xz"]
    for member in ("control.tar", "data.tar"):
        (tmp_path / f"{member}.xz").write_bytes(
            subprocess.run(["ar", "p", path, f"{member}.xz"], capture_output=True, check=True).stdout
        )
        told = ask("xz", "--robot", "--list", "-vv", tmp_path / f"{member}.xz")
        assert f"\t{filters}" in told
        unpacked = subprocess.run(["xz", "-dc", tmp_path / f"{member}.xz"], capture_output=True, check=True).stdout
        assert unpacked == subprocess.run(["ar", "p", plain, member], capture_output=True, check=True).stdout
    assert ask("dpkg-deb", "--contents", path) == ask("dpkg-deb", "--contents", plain)


def test_two_runs_give_the_same_bytes(package: Path, make: Make) -> None:
    assert make("deb").read_bytes() == package.read_bytes()


def test_a_library_that_nobody_knows_is_not_left_to_chance() -> None:
    needs = elf.Needs(debian="amd64", machine="x86_64", glibc="2.28", libraries=("libc.so.6", "libz.so.1", "libmystery.so.1"))
    with pytest.raises(CannotMake, match=r"the program needs libmystery\.so\.1 of the system"):
        deb.depends(needs)


def test_libraries_of_the_system_are_asked_for_by_their_packages() -> None:
    needs = elf.Needs(debian="amd64", machine="x86_64", glibc="2.28", libraries=("libc.so.6", "libm.so.6", "libz.so.1"))
    assert deb.depends(needs) == ["libc6 (>= 2.28)", "ca-certificates", "zlib1g"]
