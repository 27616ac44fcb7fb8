"""What a build holds, by name: written next to it, and kept in `build/contents-linux.txt`, so that growth is seen in a diff."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

_HASH = re.compile(r"-[0-9a-f]{8}(?=\.so)")
"""What wheels put into the names of the libraries that they bring along; it changes with each release."""


def contents(report: Path, folder: Path) -> str:
    """Top-level modules from Nuitka's report, and files from the folder: a line each, sorted. No sizes, no versions."""
    return "\n".join([*_modules(report), *_files(folder), ""])


def _modules(report: Path) -> list[str]:
    # Nuitka writes it itself, from what it has just compiled.
    found = ET.parse(report).getroot().findall("module")  # noqa: S314
    return sorted({f"module {name.split('.')[0]}" for module in found if (name := module.get("name", "")) and "-" not in name})


def _files(folder: Path) -> list[str]:
    return sorted(set(_named(folder)))


def _named(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file():
            name = _HASH.sub("", path.relative_to(folder).as_posix())
            yield "file " + re.sub(r"(\.so)[.0-9]*$", r"\1", name)
