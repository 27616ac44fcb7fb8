# SPDX-License-Identifier: AGPL-3.0-or-later
"""A plugin for Nuitka: our own package becomes C, everybody else's stays bytecode, libraries lose their symbols.

Other people's modules as C made the program slower and the build five times as long. This file alone builds on Nuitka's classes
and so carries Nuitka's licence; nothing of it is in the executable.
"""

import gc
import importlib.util
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from nuitka.freezer import ImportDetection
from nuitka.plugins.PluginBase import NuitkaPluginBase

# Nuitka loads this file by its path, and knows nothing of what lies beside it.
sys.path.insert(0, str(Path(__file__).parent))

from docstrings import without_docstrings
from nuitka_options import PACKAGE, is_left_out
from precomputed import prepared
from spared import spared
from stand_ins import put_stand_ins

COMPILED = PACKAGE
# What each event of a stream goes through is optimised for speed, the rest for size: it runs once, or waits for people.
HOT = tuple(
    f"{COMPILED}.{name}."
    for name in (
        "dialects",
        *(f"translate.{name}" for name in ("beginning", "carrier", "repair", "rewrite", "stages", "translation")),
        *(f"translate.watch_{name}" for name in ("chat", "messages", "responses", "responses_items")),
        *(f"server.{name}" for name in ("body", "relay", "sending", "sink")),
        "upstream.client",
    )
)
# Passes that took half of the compiler's time, measured on what Nuitka writes, and made the result smaller by a fiftieth.
SLOW_PASSES = (
    *("tree-pta", "tree-pre", "tree-dominator-opts", "tree-vrp", "gcse", "schedule-insns2", "split-wide-types"),
    *("if-conversion", "if-conversion2", "rerun-cse-after-loop", "cse-follow-jumps"),
    *("ipa-icf", "ipa-cp", "ipa-sra", "ipa-pure-const", "ipa-modref"),
)
_OPTIONS = ", ".join(f'"{option}"' for option in ("Os", *(f"no-{name}" for name in SLOW_PASSES)))
FOR_SIZE = f"#pragma GCC optimize ({_OPTIONS})\n"

# Nuitka keeps nearly all that it makes until it ends, so that looking for garbage is a fifth of its time and finds none.
gc.disable()

# What Python may import before it is ready, which Nuitka brings along whatever its options say: all character sets, too.
_detect = ImportDetection._detectEarlyImports  # noqa: SLF001 - there is no other way to leave one out
ImportDetection._detectEarlyImports = lambda: {  # noqa: SLF001 - nor here
    name for name in _detect() if not is_left_out(name.asString())
}


class ThirdPartyBytecode(NuitkaPluginBase):  # type: ignore[misc] # Nuitka has no types
    """What Nuitka asks about each module, and tells when the folder is complete."""

    plugin_name = "third-party-bytecode"
    plugin_desc = "Compile only our own package, take the rest as bytecode."

    @staticmethod
    def isAlwaysEnabled() -> bool:  # noqa: N802 - Nuitka's name
        """It needs no option of its own."""
        return True

    def decideCompilation(self, module_name: Any) -> str | None:  # noqa: N802 - Nuitka's name
        """`None` leaves the decision to Nuitka, which compiles."""
        name = module_name.asString()
        # Nuitka's own: `__main__`, and what it puts around modules, such as `multiprocessing-preLoad`.
        if name.startswith("__") or "-" in name or name.split(".")[0] == COMPILED:
            return None
        return "bytecode"

    def onModuleSourceCode(self, module_name: Any, source_filename: str, source_code: str) -> str:  # noqa: N802 - Nuitka's name
        """Our own docstrings stay: they are the help of the command line."""
        name = module_name.asString()
        is_python = Path(source_filename).suffix == ".py"
        if not is_python or name.split(".")[0] == COMPILED:
            return source_code
        return without_docstrings(prepared(name, spared(name, source_code)))

    def onGeneratedSourceCode(self, source_dir: str, onefile: bool) -> None:  # noqa: N802, FBT001 - Nuitka's name and call
        """Says at the head of each of our cold modules how it is to be optimised. The start of the one file has none."""
        for written in Path(source_dir).glob(f"module.{COMPILED}.*.c") if not onefile else ():
            if not written.name.removeprefix("module.").startswith(HOT):
                written.write_text(FOR_SIZE + written.read_text("latin-1"), "latin-1")

    def onStandaloneDistributionFinished(self, dist_dir: str) -> None:  # noqa: N802 - Nuitka's name
        """Symbols are of no use to who runs the program, nor are libraries that are never called.

        Elsewhere than on Linux, libraries may be signed as they are.
        """
        strip = shutil.which("strip")
        if sys.platform == "linux":
            put_stand_ins(Path(dist_dir))
        libraries = [path for path in sorted(Path(dist_dir).rglob("*.so*")) if path.is_file()]
        for library in libraries if strip else []:
            stripped = library.with_name(f"{library.name}.stripped")
            _strip(library, stripped)
            # Nuitka has been at them with patchelf; what strip makes of some of those (Pillow's) no system can load.
            if not is_loadable(stripped) and (origin := _origin(library.relative_to(dist_dir))):
                _strip(origin, stripped)
                _find_libraries_like(library, stripped)
            if is_loadable(stripped):
                stripped.replace(library)
            else:
                stripped.unlink()


def _strip(library: Path, stripped: Path) -> None:
    subprocess.run(["strip", "--strip-unneeded", "-o", stripped, library], check=True)


def _origin(library: Path) -> Path | None:
    """Where the extension module at that place of the folder was installed."""
    found = importlib.util.find_spec(".".join(library.with_suffix("").parts))
    return Path(found.origin) if found and found.origin else None


def _find_libraries_like(library: Path, other: Path) -> None:
    """Makes `other` look for libraries where `library` does."""
    told = subprocess.run(["patchelf", "--print-rpath", library], capture_output=True, text=True, check=True)
    subprocess.run(["patchelf", "--force-rpath", "--set-rpath", told.stdout.strip(), other], check=True)


def is_loadable(library: Path) -> bool:
    """Whether each part of a library for 64 bits lies in its file as it will in memory, to the page."""
    data = library.read_bytes()
    (begin,) = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for head in range(begin, begin + size * count, size):
        kind, _, offset, address = struct.unpack_from("<IIQQ", data, head)
        (page,) = struct.unpack_from("<Q", data, head + 48)
        if kind == 1 and offset % page != address % page:
            return False
    return True
