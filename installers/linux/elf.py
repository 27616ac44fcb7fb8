"""What the compiled files want of the system they run on, read from the files themselves with readelf (binutils)."""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from installers.job import CannotMake, need, run

_HINT = "on Debian and Ubuntu run: sudo apt-get install binutils"
_MAGIC = b"\x7fELF"
# By the number in the head of the file: the words of Debian, and of everybody else.
_MACHINES = {62: ("amd64", "x86_64"), 183: ("arm64", "aarch64")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The machine, the oldest glibc that will do, and the libraries that the system must bring."""

    debian: str
    machine: str
    glibc: str
    libraries: tuple[str, ...]


def is_elf(path: Path) -> bool:
    """Whether it is a compiled program or library."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == _MAGIC


def needs(folder: Path, program: Path) -> Needs:
    """What everything in `folder` needs together. Raises CannotMake."""
    readelf = need("readelf", hint=_HINT)
    files = sorted(path for path in folder.rglob("*") if is_elf(path))
    text = run(readelf, "--wide", "--segments", "--dynamic", "--version-info", *files)
    _check_segments(text)
    glibc = max(re.findall(r"Name: GLIBC_([\d.]+)", text), key=_as_numbers, default="")
    own = {path.name for path in files}
    libraries = sorted(set(re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", text)) - own)
    with program.open("rb") as file:
        (number,) = struct.unpack_from("<H", file.read(20), 18)
    if number not in _MACHINES or not glibc:
        raise CannotMake(f"{program} is not a program for Linux with glibc on x86-64 or arm64")
    debian, machine = _MACHINES[number]
    return Needs(debian=debian, machine=machine, glibc=glibc, libraries=tuple(libraries))


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _check_segments(text: str) -> None:
    """A library that patchelf and strip have both been at may have a part that no system can load (patchelf 0.14)."""
    file = ""
    for line in text.splitlines():
        if line.startswith("File: "):
            file = line.removeprefix("File: ")
        elif found := re.match(r"\s+LOAD\s+(0x\w+) (0x\w+) .* (0x\w+)$", line):
            offset, address, page = (int(number, 16) for number in found.groups())
            if offset % page != address % page:
                raise CannotMake(
                    f"{file} is damaged: a part of it does not lie on a page", hint="build anew, and strip only once"
                )
