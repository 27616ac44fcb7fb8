"""The entry point answers at once, and imports nothing that the answer does not need."""

import json
import subprocess
import sys

import pytest

from copilot_api import __version__
from tests.builders.program import Program

HEAVY = ("aiohttp", "keyring", "tiktoken", "orjson", "asyncio", "rich", "pydantic", "openai", "ssl", "hashlib")


def imported(*arguments: str) -> tuple[str, set[str]]:
    """What `copilot-api ARGUMENTS` prints, and the top-level packages that it has imported by its end."""
    script = f"""
import atexit, json, sys
sys.argv[1:] = {list(arguments)!r}
before = set(sys.modules)  # Python's own, and what measures coverage
atexit.register(lambda: sys.stderr.write(json.dumps([name.partition(".")[0] for name in {{*sys.modules}} - before])))
from copilot_api.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout, set(json.loads(done.stderr))


@pytest.mark.parametrize("spelling", ["--version", "-V"])
def test_the_version_needs_no_library_at_all(spelling: str) -> None:
    """compat.md §2.1 ⚠: every command of the original first asked the network for an editor's version."""
    out, modules = imported(spelling)
    assert out == f"copilot-api {__version__}\n"
    assert not modules & {*HEAVY, "typer", "socket", "dataclasses"}


@pytest.mark.parametrize("command", [(), ("start",), ("auth",), ("auth", "status"), ("check-usage",), ("models",), ("debug",)])
def test_help_needs_no_heavy_library(command: tuple[str, ...]) -> None:
    out, modules = imported(*command, "--help")
    assert out.startswith("Usage: copilot-api")
    assert "typer" in modules
    assert not modules & (set(HEAVY) - {"asyncio"})


async def test_it_runs_as_a_program(program: Program) -> None:
    ended = await program.run("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"copilot-api {__version__}\n", "")


async def test_the_exit_code_is_the_commands_own(program: Program) -> None:
    ended = await program.run("strat")
    assert (ended.code, ended.out) == (2, "")
