"""A compiled program in the places where people put it: what only such a program can get wrong."""

import sys
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program

# They watch it with what Linux has: /proc, namespaces, strace.
collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]


@pytest.fixture
def compiled(program: Program, sandbox: Sandbox) -> Program:
    """The executable that is tested, signed in at the sandbox, with nothing on its PATH and an environment that names no
    certificates.
    """
    program.uses(sandbox, grant=sandbox.grant)
    for name in {"PYTHONPATH", "PYTHONWARNINGS"} & program.environ.keys():
        del program.environ[name]
    empty = program.home / "empty"
    empty.mkdir()
    program.environ["PATH"] = str(empty)
    return program


@pytest.fixture
def one_file(compiled: Program) -> Program:
    """The one file, which nobody has started in this HOME yet: it is unpacked in there."""
    del compiled.environ["XDG_CACHE_HOME"]
    return compiled


@pytest.fixture
def executable(starts: tuple[str, ...], compiled: Program) -> Path:
    """Where the program lies."""
    return Path(starts[0])
