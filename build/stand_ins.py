"""Puts small stand-ins where libraries come along only because another one is linked with them, and no call is ever made.

Pillow's one extension is linked with all that reads or writes any format. Models take JPEG, PNG, WebP and GIF; the libraries
for TIFF and JPEG 2000 and for pictures of the screen, with all that these need in turn, would be a twentieth of the executable.
"""

import os
import re
import subprocess
from pathlib import Path

UNUSED = ("libtiff", "libopenjp2", "libxcb")
"""By the begin of their names. Each function of a stand-in gives 0, which says "failed" to whoever calls it after all."""
FROM_A_WHEEL = re.compile(r"-[0-9a-f]{8}\.so")


def put_stand_ins(folder: Path) -> None:
    """Into a folder that is complete: replaces the libraries, and takes away what nobody needs any more."""
    libraries = [path for path in sorted(folder.rglob("*.so*")) if path.is_file()]
    for library in libraries:
        if library.name.startswith(UNUSED) and FROM_A_WHEEL.search(library.name):
            _replace(library, [other for other in libraries if library.name in _needed(other)])
    for library in libraries:
        if FROM_A_WHEEL.search(library.name) and not any(library.name in _needed(other) for other in _present(libraries)):
            library.unlink()


def _present(libraries: list[Path]) -> list[Path]:
    return [library for library in libraries if library.exists()]


def _needed(library: Path) -> list[str]:
    return _told("patchelf", "--print-needed", library).split()


def _replace(library: Path, users: list[Path]) -> None:
    """Compiles what its users ask of it, under the names and versions that they ask for."""
    has = {name.partition("@")[0] for _, name in _symbols(library, "--defined-only")}
    asked = sorted({name for user in users for _, name in _symbols(user, "--undefined-only") if name.partition("@")[0] in has})
    code = "".join(f"{_function(name.partition('@')[0])}\n" for name in asked)
    versions = {name.partition("@")[2] for name in asked} - {""}
    scripts = {version: [name.partition("@")[0] for name in asked if name.endswith(f"@{version}")] for version in versions}
    script = library.with_name(f"{library.name}.versions")
    script.write_text("".join(f"{version} {{ {'; '.join(names)}; }};\n" for version, names in sorted(scripts.items())), "utf-8")
    # A folder of 4 KiB pages would be half empty if each part began on one of its own.
    options = ["-shared", "-fPIC", "-Os", "-nostdlib", "-s", "-Wl,-z,noseparate-code,-z,norelro,--build-id=none"]
    options += [f"-Wl,-soname={library.name}", *([f"-Wl,--version-script={script}"] if versions else [])]
    command = ["gcc", *options, "-x", "c", "-", "-o", str(library)]
    library.unlink()
    subprocess.run(command, input=code, text=True, check=True, env={**os.environ, "CPPFLAGS": "", "CPATH": ""})
    script.unlink()


def _function(name: str) -> str:
    """Versions are asked for when an extension is imported, and taken for text."""
    if name.lower().endswith("version"):
        return f'const char *{name}(void) {{ return "none"; }}'
    return f"long {name}(void) {{ return 0; }}"


def _symbols(library: Path, which: str) -> list[tuple[str, str]]:
    """Kind and name of each, with the version that it has or should have."""
    lines = _told("nm", "--dynamic", "--with-symbol-versions", which, library).splitlines()
    found = [line.split()[-2:] for line in lines]
    return [(kind, name.replace("@@", "@")) for kind, name in found]


def _told(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
