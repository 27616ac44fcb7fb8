"""What the executable has ready is what would have been worked out, and what it has not is worked out as ever."""

import importlib
import importlib.util
import marshal
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from precomputed import HIDING, collected, prepared

ROOT = Path(__file__).parent.parent.parent
SITE = str(Path(pytest.__file__).parent.parent)
"""Where the libraries are."""

# Runs with modules as they are in the executable.
RUN = """
import marshal, sys
from importlib.machinery import PathFinder, SourceFileLoader

prepared = marshal.loads(sys.stdin.buffer.read())

class Given(SourceFileLoader):
    def get_code(self, name):
        return compile(prepared[name], self.path, "exec")

class Finder:
    def find_spec(name, path=None, target=None):
        if name in prepared:
            spec = PathFinder.find_spec(name, path)
            spec.loader = Given(name, spec.origin)
            return spec

sys.meta_path.insert(0, Finder)
for name in [name for name in sys.modules if name == "re" or name.startswith("re.")]:
    del sys.modules[name]
"""


def source_of(module: str) -> str:
    spec = importlib.util.find_spec(module)
    assert spec
    assert spec.origin
    return Path(spec.origin).read_text("utf-8")


def told_by(code: str) -> str:
    """What a program prints that runs with the prepared modules."""
    given = marshal.dumps({module: prepared(module, source_of(module)) for module in HIDING})
    ended = subprocess.run([sys.executable, "-S", "-c", RUN + code], input=given, capture_output=True, check=True, cwd=ROOT)
    return ended.stdout.decode().strip()


def test_all_three_kinds_are_there_and_come_out_alike_each_time() -> None:
    """An executable is to be the same whoever builds it."""
    tables = collected()
    assert tables == collected.__wrapped__()
    assert {module for module, table in tables.items() if table} == set(HIDING)


def test_other_modules_stay_as_they_are() -> None:
    assert prepared("aiohttp.client", "import this\n") == "import this\n"


@pytest.mark.parametrize("module", HIDING)
def test_tracebacks_name_the_same_lines(module: str) -> None:
    source = source_of(module)
    assert prepared(module, source).startswith(source)


def test_expressions_are_those_that_would_be_made() -> None:
    machine: Any = importlib.import_module("_sre")
    for (pattern, flags), made in collected()["re._compiler"].items():
        parts: tuple[Any, ...] = marshal.loads(made)  # noqa: S302 - of our own making
        expected = re.compile(pattern, flags)
        assert machine.compile(pattern, *parts) == expected, "patterns are equal when their code is"
        assert dict(parts[3]) == dict(expected.groupindex)


def test_what_is_there_is_taken_and_not_worked_out() -> None:
    (pattern, flags), _ = next(iter(collected()["re._compiler"].items()))
    asked = f"""
import re._compiler as c
from re import _parser
_parser.parse = None
print(c.compile({pattern!r}, {flags}).flags)
"""
    assert told_by(asked) == str(re.compile(pattern, flags).flags)


@pytest.mark.parametrize(
    ("module", "key", "run"),
    [
        ("dataclasses", "'x = 1'", "m.exec('x = 1', found)"),
        ("attr._make", "('x = 1', 'there', 'exec')", "exec(m.compile('x = 1', 'there', 'exec'), found)"),
    ],
)
def test_code_that_is_there_is_taken(module: str, key: str, run: str) -> None:
    asked = f"""
import sys, importlib
sys.path.append({SITE!r})
m = importlib.import_module({module!r})
m._precomputed[{key}] = marshal.dumps(compile("x = 2", "here", "exec"))
found = dict()
{run}
print(found["x"])
"""
    assert told_by(asked) == "2"


def test_what_is_not_there_is_worked_out() -> None:
    asked = """
import re, dataclasses

@dataclasses.dataclass(frozen=True, order=True)
class Never:
    seen_before: int = 3

print(re.fullmatch("n[e]ver (?P<seen>before)", "never before")["seen"], Never(), Never() < Never(4))
"""
    assert told_by(asked) == "before Never(seen_before=3) True"


def test_no_dataclass_of_the_program_is_missed() -> None:
    asked = """
import dataclasses
missed = []
run = dataclasses.exec

def seen(text, *namespaces):
    if text not in dataclasses._precomputed:
        missed.append(text)
    run(text, *namespaces)

dataclasses.exec = seen
import copilot_api.cli.serve
print(len(missed))
"""
    assert told_by(f"sys.path.append({SITE!r})" + asked) == "0"
