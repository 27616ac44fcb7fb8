"""Has the C compiler take many modules at a time: half of its time for one goes into what all of Nuitka's files include."""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path

AT_A_TIME = 12
OWN = (
    *("ModuleConstants", "mod_consts", "mod_consts_hash", "module_filename_obj", "constants_created", "createModuleConstants"),
    *("_Nuitka_next_dict_keys_version", "_Nuitka_PyDictKeys_GetVersionForCurrentState", "cache_m_frame", "module_full_name"),
    *("_create_compiled_function", "_method_def_create_compiled_function"),
    *("_reduce_compiled_function", "_method_def_reduce_compiled_function"),
)
"""What each of Nuitka's files has under the same name for itself."""

_NAMED = re.compile(rb"[^=;({\[\n]*?([A-Za-z_$][\w$]*)\s*(?:\[[^\]\n]*\]\s*)?[=;({]")


def bundle(written: Iterable[Path], kind: str, head: str) -> None:
    """Puts files that would be compiled one by one into few, each with `head` at its beginning and a folder of them beside it.

    Those of one package come together, so that a module that is added does not change the bundles of others. `kind` begins the
    bundles' names.

    Raises:
        ValueError: Several files have something for themselves under a name that is not among `OWN`, and would share it.
    """
    for package, paths in groupby(sorted(written, key=_place), _package):
        together = list(paths)
        for i in range(0, len(together), AT_A_TIME):
            _bundle(together[i : i + AT_A_TIME], f"{kind}{package.removeprefix('module')}.{i // AT_A_TIME}", head)


def _package(path: Path) -> str:
    return path.stem.rpartition(".")[0]


def _place(path: Path) -> tuple[str, str]:
    return _package(path), path.stem


def _bundle(paths: Sequence[Path], name: str, head: str) -> None:
    folder = paths[0].with_name(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in paths:
        path.rename(folder / path.name)
    names = Counter(name for path in paths for name in _statics((folder / path.name).read_bytes()))
    if shared := [name for name, count in names.items() if count > 1 and name not in OWN]:
        raise ValueError(f"Nuitka's files have {', '.join(sorted(shared))} each for itself: add it to OWN in build/bundles.py")
    lines = [line for path in paths for line in _included(f"{name}/{path.name}", path.stem)]
    folder.with_name(f"{name}.c").write_text(head + "\n".join([*lines, ""]))


def _statics(text: bytes) -> set[str]:
    """The names of what a file has for itself."""
    pieces = pairwise(text.split(b"static "))
    begun = (after for before, after in pieces if before.endswith((b"\n", b"\nNUITKA_MAY_BE_UNUSED ")))
    return {named[1].decode() for after in begun if (named := _NAMED.match(after))}


def _included(path: str, module: str) -> Iterator[str]:
    mark = module.replace(".", "$")
    yield from (f"#define {name} {name}${mark}" for name in OWN)
    yield f'#include "{path}"'
    yield from (f"#undef {name}" for name in OWN)
