"""What Python works out anew at each start although it always comes out the same: the executable has it ready.

The methods of dataclasses and of attrs are written as text and compiled, and regular expressions are compiled, when the
modules that hold them are imported: a sixth of a start. Here all that is done once, by the Python that goes into the
executable, and put into the three modules that do it. What is not there is worked out as ever.

Run as a program, it writes what `collected` gives.
"""

import importlib
import marshal
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

from nuitka_options import PACKAGE, ROOT, is_left_out

Table = dict[Any, bytes]

# What is put at the end of each module, where it hides what the module would call. `{}` is its table.
_BEGIN = "\nimport builtins as _builtins, marshal as _marshal\n_precomputed = _marshal.loads({})\n"
_EXEC = """
def exec(text, *namespaces):
    _builtins.exec(_marshal.loads(_precomputed[text]) if text in _precomputed else text, *namespaces)
"""
_COMPILE = """
def compile(*text):
    return _marshal.loads(_precomputed[text]) if text in _precomputed else _builtins.compile(*text)
"""
_EXPRESSION = """
_work_out = compile

def compile(p, flags=0):
    if isstring(p) and (p, flags) in _precomputed:
        return _sre.compile(p, *_marshal.loads(_precomputed[p, flags]))
    return _work_out(p, flags)
"""
HIDING: Mapping[str, str] = {"dataclasses": _EXEC, "attr._make": _COMPILE, "re._compiler": _EXPRESSION}


def prepared(module: str, source: str) -> str:
    """The source of a module that has ready what it will be asked for. Its lines stay where they are."""
    if module not in HIDING:
        return source
    return source + _BEGIN.format(marshal.dumps(collected()[module])) + HIDING[module]


@cache
def collected() -> dict[str, Table]:
    """By module: what it is asked for when all of the program is imported, in a process of its own."""
    # Where in a line of such a text something happened is of use to nobody.
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PYTHONNODEBUGRANGES": "1"}
    told = subprocess.run([sys.executable, __file__], env=environ, stdout=subprocess.PIPE, check=True)
    tables: dict[str, Table] = marshal.loads(told.stdout)  # noqa: S302 - from this very file
    return tables


def _collect() -> dict[str, Table]:
    """The same in this process, which has imported next to nothing so far."""
    modules = list(_modules())
    tables: dict[str, Table] = {module: {} for module in HIDING}
    _watch_expressions(tables["re._compiler"])
    # Only now, since they hold expressions themselves.
    dataclasses, attrs = importlib.import_module("dataclasses"), importlib.import_module("attr._make")
    vars(dataclasses)["exec"] = _executing(tables["dataclasses"])
    vars(attrs)["compile"] = _compiling(tables["attr._make"])
    for name in modules:
        with suppress(ImportError):  # what this system does not have is not in its executable
            importlib.import_module(name)
    return tables


def _modules() -> Iterator[str]:
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if not is_left_out(name):
            yield name


def _executing(table: Table) -> Callable[..., None]:
    def execute(text: str, *namespaces: dict[str, Any]) -> None:
        code = compile(text, "<string>", "exec")
        table[text] = marshal.dumps(code)
        exec(code, *namespaces)  # noqa: S102 - what dataclasses would have done

    return execute


def _compiling(table: Table) -> Callable[..., Any]:
    def compiled(*text: Any) -> Any:
        code = compile(*text)
        table[text] = marshal.dumps(code)
        return code

    return compiled


def _watch_expressions(table: Table) -> None:
    """Sees what is made of each, as it is handed to the machine that runs expressions."""
    module = vars(importlib.import_module("re._compiler"))
    machine, work_out = module["_sre"], module["compile"]
    made: list[tuple[Any, ...]] = []

    def handed_over(pattern: Any, *rest: Any) -> Any:
        made.append(rest)
        return machine.compile(pattern, *rest)

    def work_out_seen(pattern: Any, flags: int = 0) -> Any:
        expression = work_out(pattern, flags)
        if isinstance(pattern, str | bytes):
            own, code, groups, names, indices = made[-1]
            table[pattern, int(flags)] = marshal.dumps((int(own), list(map(int, code)), groups, dict(names), indices))
        return expression

    module["_sre"] = SimpleNamespace(**vars(machine) | {"compile": handed_over})
    module["compile"] = work_out_seen


if __name__ == "__main__":
    sys.stdout.buffer.write(marshal.dumps(_collect()))
