"""What a build holds beside Python itself, by name: kept in `build/contents-linux.txt`, so that growth is seen in a diff."""

import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator
from pathlib import Path

_HASH = re.compile(r"-[0-9a-f]{8}(?=\.so)")
"""What wheels put into the names of the libraries that they bring along; it changes with each release."""


def contents(report: Path, folder: Path) -> str:
    """Top-level modules from Nuitka's report, and files from the folder: a line each, sorted. No sizes, no versions.

    The standard library and what it is linked with are left out: they are another with each build of Python.
    """
    return "\n".join([*_modules(report), *_files(folder), ""])


def broken(report: Path, package: str, left_out: Collection[str]) -> list[str]:
    """What modules of `package` import although it is among `left_out`: the program would fail when it gets there."""
    return [
        f"{module.get('name')}, line {usage.get('line')}, imports {usage.get('name')}"
        for module in _told(report).iter("module")
        if f"{module.get('name')}.".startswith(f"{package}.")
        for usage in module.iter("module_usage")
        # What the standard library holds is told as if our entry point asked for all of it.
        if usage.get("finding") == "excluded" and usage.get("reason") != "stdlib"
        if any(f"{usage.get('name')}.".startswith(f"{name}.") for name in left_out)
    ]


def lost(package: Path, folder: Path) -> list[str]:
    """What the program reads from beside its modules and a build does not hold, or not as it is.

    Nuitka leaves out without a word what has a name like a library's or a program's: `.bin`, `.so`, `.exe`.
    """
    return [
        (Path(package.name) / name).as_posix()
        for name in data_in(package)
        if not (held := folder / package.name / name).is_file() or held.read_bytes() != (package / name).read_bytes()
    ]


def data_in(package: Path) -> list[Path]:
    """The files of a package that are no code, as they lie in it."""
    files = [path for path in sorted(package.rglob("*")) if path.is_file()]
    return [path.relative_to(package) for path in files if path.suffix not in {".py", ".pyc"} and path.name != "py.typed"]


def _told(report: Path) -> ET.Element:
    return ET.parse(report).getroot()  # noqa: S314 - Nuitka wrote it itself, about what it has just compiled


def _modules(report: Path) -> list[str]:
    names = {module.get("name", "").split(".")[0] for module in _told(report).findall("module")}
    return sorted(f"module {name}" for name in names - sys.stdlib_module_names if "-" not in name)


def _files(folder: Path) -> list[str]:
    return sorted({f"file {name}" for name in _named(folder)})


def _named(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        name, is_from_a_wheel = _HASH.subn("", path.relative_to(folder).as_posix())
        if path.is_file() and (is_from_a_wheel or path.parent != folder or ".so" not in name):
            yield re.sub(r"(\.so)[.0-9]*$", r"\1", name)
