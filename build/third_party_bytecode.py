# SPDX-License-Identifier: AGPL-3.0-or-later
"""A plugin for Nuitka: our own package becomes C, everybody else's stays bytecode, libraries lose their symbols.

Other people's modules as C made the program slower and the build five times as long. This file and `nuitka_quicker.py` build on
Nuitka's classes and so carry Nuitka's licence; nothing of them is in the executable.
"""

import importlib.util
import shutil
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from nuitka.freezer import ImportDetection
from nuitka.freezer.IncludedEntryPoints import getStandaloneEntryPoints
from nuitka.options.Options import isOnefileMode
from nuitka.plugins.PluginBase import NuitkaPluginBase

# Nuitka loads this file by its path, and knows nothing of what lies beside it.
sys.path.insert(0, str(Path(__file__).parent))

from bundles import bundle
from nuitka_options import PACKAGE, is_left_out
from nuitka_quicker import answer_once, keep_garbage, look_briefly, pack_ahead, remember_bytecode, remembered
from precomputed import prepared
from spared import spared
from stand_ins import put_stand_ins
from unread import annotations, docstrings, without

COMPILED = PACKAGE
# What each event of a stream goes through is optimised for speed; the rest is not, since it runs once, or waits for people.
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
UNREAD = Path(__file__).with_name("unread.py").read_text("utf-8")
READ_BY_TYPER = (f"{COMPILED}.cli.", "typer.completion.")
"""Modules of functions that are commands: their annotations say what they take."""
SLOW_PASSES = (
    *("tree-pta", "tree-pre", "tree-dominator-opts", "tree-vrp", "gcse", "schedule-insns2", "split-wide-types"),
    *("if-conversion", "if-conversion2", "rerun-cse-after-loop", "cse-follow-jumps"),
    *("ipa-icf", "ipa-cp", "ipa-sra", "ipa-pure-const", "ipa-modref"),
)
"""They take a third of the time of compiling what Nuitka writes, and a request costs as many instructions without them."""


def optimised(*options: str) -> str:
    """What says at the head of a file how it is to be optimised, to a compiler that heeds it: GCC."""
    named = ", ".join(f'"{option}"' for option in options)
    return f"#pragma GCC optimize ({named})\n"


FOR_SPEED = optimised(*(f"no-{name}" for name in SLOW_PASSES))
QUICKLY = optimised("Og", "no-guess-branch-probability", "no-reorder-blocks")
"""It takes three quarters of the time of `Os`, and without those two what it makes is as small, packed."""

keep_garbage()

# What Python may import before it is ready, which Nuitka brings along whatever its options say: all character sets, too.
_detect = ImportDetection._detectEarlyImports  # noqa: SLF001 - there is no other way to leave one out
ImportDetection._detectEarlyImports = lambda: {  # noqa: SLF001 - as above
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

    def onCompilationStartChecks(self) -> None:  # noqa: N802 - Nuitka's name
        """Nuitka has read its options."""
        answer_once()
        look_briefly()
        remember_bytecode()

    def decideCompilation(self, module_name: Any) -> str | None:  # noqa: N802 - Nuitka's name
        """`None` leaves the decision to Nuitka, which compiles."""
        name = module_name.asString()
        # Nuitka's own: `__main__`, and what it puts around modules, such as `multiprocessing-preLoad`.
        if name.startswith("__") or "-" in name or name.split(".")[0] == COMPILED:
            return None
        return "bytecode"

    def onModuleSourceCode(self, module_name: Any, source_filename: str, source_code: str) -> str:  # noqa: N802 - Nuitka's name
        """What goes into the executable instead of it."""
        return rewritten(module_name.asString(), source_code) if Path(source_filename).suffix == ".py" else source_code

    def onGeneratedSourceCode(self, source_dir: str, onefile: bool) -> None:  # noqa: N802, FBT001 - Nuitka's name and call
        """How it is to be compiled, by GCC. The start of the one file has nothing that takes time."""
        if onefile or sys.platform != "linux":
            return
        written = set(Path(source_dir).glob(f"module.{COMPILED}.*.c"))
        hot = {path for path in written if path.name.removeprefix("module.").startswith(HOT)}
        bundle(hot, "hot", FOR_SPEED)
        bundle(written - hot, "cold", QUICKLY)
        # What Nuitka's C is built on takes longest. Where it is found first, no core waits for it at the end.
        base = Path(source_dir, "static_src", "CompiledFunctionType.c")
        Path(source_dir, base.name).write_text(FOR_SPEED + base.read_text("utf-8"), "utf-8")
        base.unlink()

    def onStandaloneDistributionFinished(self, dist_dir: str) -> None:  # noqa: N802 - Nuitka's name
        """What is of no use to who runs the program goes, and what is left is packed."""
        slim(Path(dist_dir))
        forget_what_went(Path(dist_dir))
        if isOnefileMode():
            pack_ahead(Path(dist_dir))


@cache  # Nuitka asks up to three times
def rewritten(module: str, source: str) -> str:
    """A module's source without what nobody reads. Our own docstrings stay: they are the help of the command line."""
    is_ours = f"{module}.".startswith(f"{COMPILED}.")
    kinds = [] if f"{module}.".startswith(READ_BY_TYPER) else [annotations]
    if not is_ours:
        source, kinds = prepared(module, spared(module, source)), [docstrings, *kinds]
    asked = " ".join([UNREAD, *(kind.__name__ for kind in kinds), source])
    return remembered(asked, lambda: without(source, *kinds).encode()).decode()


def slim(folder: Path) -> None:
    """Takes symbols out of libraries, and libraries out that are never called.

    Elsewhere than on Linux, libraries may be signed as they are.
    """
    strip = shutil.which("strip")
    if sys.platform == "linux":
        put_stand_ins(folder)
    libraries = [path for path in sorted(folder.rglob("*.so*")) if path.is_file()]
    for library in libraries if strip else []:
        stripped = library.with_name(f"{library.name}.stripped")
        _strip(library, stripped)
        # Nuitka has been at them with patchelf; what strip makes of some of those (Pillow's) no system can load.
        if not is_loadable(stripped) and (origin := _origin(library.relative_to(folder))):
            _strip(origin, stripped)
            _find_libraries_like(library, stripped)
        if is_loadable(stripped):
            stripped.replace(library)
        else:
            stripped.unlink()


def forget_what_went(folder: Path) -> None:
    """Nuitka is told of libraries that are not there any more, or it warns of each when it makes the one file."""
    for library in getStandaloneEntryPoints():
        if not (folder / library.dest_path).exists():
            library.tags.discard("copy")


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
