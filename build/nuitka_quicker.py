# SPDX-License-Identifier: AGPL-3.0-or-later
"""Spares Nuitka what it does again and again, or throws away: half of its own time. What comes out is the same.

Functions are put in the place of Nuitka's, each of which gives what the one before gave; a test has it write a program both
ways. So this file carries Nuitka's licence; nothing of it is in the executable.
"""

import atexit
import gc
import os
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from nuitka.options.Options import isLowMemory, shallDisableBytecodeCacheUsage, shallDisableCompressionCacheUsage
from nuitka.tools.onefile_compressor import OnefileCompressor
from nuitka.utils.AppDirs import getCacheDir
from nuitka.utils.ModuleNames import ModuleName
from nuitka.Version import version_string
from packing import MARK, pack

LOOKS = 3


def keep_garbage() -> None:
    """Nuitka keeps nearly all that it makes until it ends: to look for garbage is a fifth of its time, and finds none.

    Nor need all that be taken apart at the end, which would take seconds.
    """
    gc.disable()
    atexit.register(gc.freeze)


def answer_once() -> None:
    """Some questions are asked for each module, and the answer to them is made of all the modules, or of all the options."""
    # These ask for options, which Nuitka has not read yet when it loads this file.
    from nuitka.code_generation import LoaderCodes
    from nuitka.importing import Recursion

    Recursion.getShallFollowInNoCase = cache(lambda patterns=Recursion.getShallFollowInNoCase: tuple(patterns()))
    matches = cache(ModuleName.matchesToShellPatterns)
    ModuleName.matchesToShellPatterns = lambda self, patterns: matches(self, tuple(patterns))
    LoaderCodes._getLoaderModuleNames = cache(LoaderCodes._getLoaderModuleNames)  # noqa: SLF001 - Nuitka asks only this one


def look_briefly() -> None:
    """What goes in as bytecode is only asked what it imports, which is known after three looks.

    To improve it until nothing changes any more takes five or six, and is thrown away. After one or two, nobody knows yet that
    `__name__` is not `__main__`, and all that modules import when they are run themselves comes along.
    """
    from nuitka.importing.Recursion import considerUsedModules
    from nuitka.optimizations import Optimization
    from nuitka.optimizations.TraceCollections import withChangeIndicationsTo
    from nuitka.plugins.Hooks import considerImplicitImports

    improved = Optimization.optimizeCompiledPythonModule

    def looked_at(module: Any) -> Any:
        if module.getCompilationMode() != "bytecode":
            return improved(module)
        with withChangeIndicationsTo(Optimization.signalChange):
            looks, is_settled = 0, False
            while looks < LOOKS and not is_settled:
                looks += 1
                Optimization.tag_set.clear()
                is_settled = not module.computeModule() and not Optimization.tag_set
        considerUsedModules(module=module, pass_count=Optimization.pass_count)
        considerImplicitImports(module=module)
        return False, looks

    Optimization.optimizeCompiledPythonModule = looked_at


def remember_bytecode() -> None:
    """Modules are compiled to bytecode once for all builds."""
    from nuitka.optimizations import BytecodeDemotion
    from nuitka.tree import Building

    compiled = BytecodeDemotion.demoteSourceCodeToBytecode

    def compiled_once(module_name: ModuleName, source_code: str, filename: str) -> bytes:
        asked = f"{module_name.asString()} {filename} {source_code}"
        return remembered(asked, lambda: compiled(module_name, source_code, filename))

    BytecodeDemotion.demoteSourceCodeToBytecode = Building.demoteSourceCodeToBytecode = compiled_once


def remembered(asked: str, answer: Callable[[], bytes]) -> bytes:
    """The answer, or what it was in an earlier build; `asked` holds all that it depends on but Python and Nuitka."""
    if shallDisableBytecodeCacheUsage():
        return answer()
    name = sha256(f"{sys.version} {os.environ.get('PYTHONNODEBUGRANGES')} {version_string} {asked}".encode()).hexdigest()
    kept = Path(getCacheDir("remembered", create=True), name)
    if not kept.exists():
        begun = kept.with_name(f"{name}.{os.getpid()}")
        begun.write_bytes(answer())
        begun.replace(kept)
    return kept.read_bytes()


def pack_ahead(folder: Path) -> None:
    """Packs what is to be in the one file to where Nuitka keeps what it has packed, which it does file by file on one core."""
    named = OnefileCompressor._getCacheFilename  # noqa: SLF001 - there is no other way to lay something there

    def place(**about: Any) -> str:
        """By Nuitka's name for what is in a file, and ours for how that is packed."""
        return f"{named(**about)}, {MARK}"

    OnefileCompressor._getCacheFilename = place  # noqa: SLF001 - as above
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    kept = {path: Path(place(binary_filename=path, low_memory=isLowMemory())) for path in files}
    pack((path, at) for path, at in kept.items() if shallDisableCompressionCacheUsage() or not at.exists())
