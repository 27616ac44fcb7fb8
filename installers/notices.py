"""Whose work travels in a package, and under which licence: read from what was really built in.

Python packages say it themselves (importlib.metadata). Libraries do not, so that each of them has a row here; one that is not
known stops the packaging, because nobody would otherwise notice that its licence is missing.
"""

import re
import sysconfig
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers.job import CannotMake
from installers.product import DISTRIBUTION, NAME, ROOT

LICENCES = Path(__file__).parent / "licences"
# Shared libraries by the begin of their file names: whose they are, licence, file with its words.
LIBRARIES = {
    "libbz2": ("bzip2", "bzip2-1.0.6", "bzip2.txt"),
    "libcrypto": ("OpenSSL", "Apache-2.0", "Apache-2.0.txt"),
    "libexpat": ("Expat", "MIT", "libexpat.txt"),
    "libffi": ("libffi", "MIT", "libffi.txt"),
    "liblzma": ("XZ Utils", "public-domain", "xz.txt"),
    "libmpdec": ("mpdecimal", "BSD-2-Clause", "libmpdec.txt"),
    "libssl": ("OpenSSL", "Apache-2.0", "Apache-2.0.txt"),
    "libuuid": ("libuuid", "BSD-3-Clause", "libuuid.txt"),
    "libpython": ("Python", "PSF-2.0", ""),
}
# What Python itself brings along inside its own modules.
_INSIDE_PYTHON = ("libexpat", "libmpdec")
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice)[^/]*(?<!\.py)$", re.IGNORECASE)
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "License :: OSI Approved :: MIT License": "MIT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The work of somebody else."""

    name: str
    version: str
    licence: str
    text: str

    @property
    def holders(self) -> tuple[str, ...]:
        """The lines that say whose copyright it is."""
        lines = (line.strip(" *#.") for line in self.text.splitlines())
        return tuple(
            dict.fromkeys(line for line in lines if re.match(r"(copyright )?(\(c\)|©|copyright) .*\d{4}", line, re.IGNORECASE))
        )


def parts(folder: Path, report: Path) -> tuple[Part, ...]:
    """Everything in the standalone folder that is not ours. Raises CannotMake."""
    found = [_python(), *_nuitka(), *_libraries(folder), *map(_distribution, sorted(_distributions(report), key=str.lower))]
    return tuple({part.name: part for part in found}.values())


def plain(folder: Path, report: Path, further: tuple[Part, ...] = ()) -> str:
    """All of it, and what the package itself adds, as one text, for packages that have no form of their own for it."""
    told = "".join(_told(part) for part in (*parts(folder, report), *further))
    ours = (ROOT / "LICENSE").read_text("utf-8")
    return f"{NAME}\n\n{ours}\n{NAME} comes with the work of others, named here with their licences.\n{told}"


def apart(name: str, licence: str, words: str) -> Part:
    """A part whose licence lies in installers/licences."""
    return Part(name=name, version="", licence=licence, text=_words(words))


def _told(part: Part) -> str:
    title = f"{part.name} {part.version}".strip()
    return f"\n{'=' * 100}\n{title} ({part.licence})\n{'=' * 100}\n\n{part.text.strip()}\n"


def _distributions(report: Path) -> set[str]:
    """The Python packages that the compiler reports; without its report, all that the project depends on."""
    if report.exists():
        tree = ET.parse(report)  # noqa: S314 - our own compiler's
        names = {str(row.get("name")) for row in tree.iter("distribution")}
    else:
        names = set(_needed(DISTRIBUTION, set()))
    return names - {DISTRIBUTION}


def _needed(name: str, seen: set[str]) -> Iterator[str]:
    """The packages that `name` needs on this system, and those that they need."""
    for requirement in map(Requirement, metadata.requires(name) or ()):
        is_for_us = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        folded = canonicalize_name(requirement.name)
        if folded in seen or not is_for_us or not _is_installed(requirement.name):
            continue
        seen.add(folded)
        yield requirement.name
        yield from _needed(requirement.name, seen)


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _distribution(name: str) -> Part:
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise CannotMake(
            f"{name} is in the program and not installed here", hint="run this with the .venv of the build"
        ) from error
    files = [file for file in found.files or () if _LICENCE_FILE.search(str(file)) and ".dist-info" in str(file)]
    texts = [Path(str(file.locate())).read_text("utf-8") for file in files]
    if not texts:
        raise CannotMake(f"{name} brings no licence along", hint="add its text to installers/licences and a row to notices.py")
    return Part(name=name, version=found.version, licence=_licence(found.metadata), text="\n\n".join(texts))


def _licence(about: metadata.PackageMetadata) -> str:
    told = about.get_all("License-Expression") or about.get_all("License") or about.get_all("Classifier") or []
    first = next((line.splitlines()[0].strip() for line in told if "License" in line or " :: " not in line), "")
    return _SPDX.get(first, first)


def _python() -> Part:
    stdlib = Path(sysconfig.get_path("stdlib"))
    places = (stdlib, stdlib.parent)  # Windows keeps it one folder up
    # Debian takes it out of both.
    debian = Path(f"/usr/share/doc/python{sysconfig.get_python_version()}/copyright")
    file = next((place / "LICENSE.txt" for place in places if (place / "LICENSE.txt").exists()), debian)
    inside = "\n\n".join(f"{LIBRARIES[name][0]}:\n\n{_words(LIBRARIES[name][2])}" for name in _INSIDE_PYTHON)
    text = f"{file.read_text('utf-8')}\n\nInside some of its modules:\n\n{inside}"
    return Part(name="Python", version=sysconfig.get_python_version(), licence="PSF-2.0", text=text)


def _nuitka() -> Iterator[Part]:
    """The compiler's run-time library, which its licence lets us carry under our own; said because it is there."""
    if not _is_installed("nuitka"):
        return
    found = metadata.distribution("nuitka")
    for file in found.files or ():
        if file.name == "LICENSE-RUNTIME.txt":
            text = Path(str(file.locate())).read_text("utf-8")
            yield Part(
                name="Nuitka", version=found.version, licence="AGPL-3.0-only WITH Nuitka-Runtime-Library-Exception", text=text
            )


def _libraries(folder: Path) -> Iterator[Part]:
    brought = {file.name for found in metadata.distributions() for file in found.files or ()}
    for library in sorted(path for path in folder.rglob("lib*.so*") if path.name not in brought):
        known = next((row for begin, row in LIBRARIES.items() if library.name.startswith(begin)), None)
        if known is None:
            raise CannotMake(f"{library.name} came in, and its licence is not known", hint="add a row to installers/notices.py")
        name, licence, words = known
        if words:
            yield apart(name, licence, words)


def _words(file: str) -> str:
    return (LICENCES / file).read_text("utf-8")
