"""What the compiled files need is read from the files."""

import subprocess
from pathlib import Path

import pytest

from installers.job import CannotMake
from installers.linux import elf

# hypot got a new version in glibc 2.35 and is in no older one under that name.
SOURCE = """
#include <math.h>
#include <stdio.h>
__asm__(".symver hypot, hypot@GLIBC_2.2.5");
extern double ours(double);
int main(int argc, char **argv) { (void)argv; printf("%f", hypot(argc, 2.0) + ours(argc)); return 0; }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that needs libc, libm and a library of its own."""
    path = tmp_path_factory.mktemp("elf")
    (path / "ours.c").write_text("double ours(double x) { return x; }", "utf-8")
    (path / "main.c").write_text(SOURCE, "utf-8")
    subprocess.run(["gcc", "-shared", "-fPIC", "ours.c", "-o", "libours.so"], cwd=path, check=True)
    subprocess.run(["gcc", "-O0", "main.c", "-o", "copilot-api", "-L.", "-lours", "-lm"], cwd=path, check=True)
    return path


def test_the_oldest_glibc_is_the_newest_symbol(folder: Path) -> None:
    needed = elf.needs(folder, folder / "copilot-api")
    listed = subprocess.run(["objdump", "-T", folder / "copilot-api"], capture_output=True, text=True, check=True).stdout
    versions = sorted({word.strip("()") for word in listed.split() if "GLIBC_" in word})
    newest = subprocess.run(
        ["sort", "-V"], input="\n".join(versions), capture_output=True, text=True, check=True
    ).stdout.split()
    assert "GLIBC_2.2.5" in versions
    assert f"GLIBC_{needed.glibc}" == newest[-1] != "GLIBC_2.2.5"


def test_two_digits_are_more_than_one(tmp_path: Path) -> None:
    assert max(["2.4", "2.34", "2.5"], key=elf._as_numbers) == "2.34"


def test_the_system_must_bring_what_is_not_in_the_folder(folder: Path) -> None:
    assert elf.needs(folder, folder / "copilot-api").libraries == ("libc.so.6", "libm.so.6")


def test_the_machine_is_the_one_that_it_was_compiled_for(folder: Path) -> None:
    here = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    assert elf.needs(folder, folder / "copilot-api").debian == here


def test_a_script_is_no_program(tmp_path: Path) -> None:
    script = tmp_path / "copilot-api"
    script.write_text("#!/bin/sh\n", "utf-8")
    assert not elf.is_elf(script)
    assert not elf.is_elf(tmp_path)


def test_a_program_for_another_machine_is_refused(folder: Path, tmp_path: Path) -> None:
    changed = bytearray((folder / "copilot-api").read_bytes())
    changed[18:20] = (8).to_bytes(2, "little")  # MIPS
    (tmp_path / "copilot-api").write_bytes(changed)
    with pytest.raises(CannotMake, match="is not a program for Linux with glibc on x86-64 or arm64"):
        elf.needs(tmp_path, tmp_path / "copilot-api")


def test_a_library_that_no_system_can_load_is_refused(folder: Path, tmp_path: Path) -> None:
    changed = bytearray((folder / "libours.so").read_bytes())
    begin, size, count = (int.from_bytes(changed[at : at + width], "little") for at, width in ((32, 8), (54, 2), (56, 2)))
    heads = [begin + number * size for number in range(count)]
    load = next(head for head in reversed(heads) if changed[head : head + 4] == b"\1\0\0\0")
    changed[load + 8] ^= 0x08  # the offset of its last part that is loaded
    (tmp_path / "copilot-api").write_bytes((folder / "copilot-api").read_bytes())
    (tmp_path / "libours.so").write_bytes(changed)
    with pytest.raises(CannotMake, match=r"libours\.so is damaged: a part of it does not lie on a page"):
        elf.needs(tmp_path, tmp_path / "copilot-api")
