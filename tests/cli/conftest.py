"""The real program in a process of its own: private HOME, no keyring, no network but the sandbox of the test."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from tests.builders.program import ROOT, Program, end

# What a process needs to start at all, and what collects its coverage.
KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


@pytest.fixture(autouse=True)
def _the_log_stays_as_it_was() -> Iterator[None]:
    """Commands set up the log of their process, which here is the one of all tests."""
    root, ours = logging.getLogger(), logging.getLogger("copilot_api")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Not signed in; keeps tokens in a file, because not every machine that runs tests has a keyring to spare."""
    inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
    places = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")}
    ours = {"PYTHONPATH": str(ROOT), "COPILOT_API_TOKEN_STORE": "file", "PYTHONWARNINGS": "error"}
    return Program(tmp_path, inherited | places | ours)


if sys.platform != "win32":
    from tests.builders.program import OnScreen, Screen

    @pytest.fixture
    async def on_screen(program: Program) -> AsyncIterator[OnScreen]:
        """Starts the program on a terminal of its own."""
        opened: list[tuple[Screen, int]] = []

        async def start(*arguments: str, environ: Mapping[str, str] | None = None) -> Screen:
            outer, inner = os.openpty()
            process = await asyncio.create_subprocess_exec(
                *program.command(*arguments),
                stdin=inner,
                stdout=inner,
                stderr=inner,
                env={"TERM": "xterm", "NO_COLOR": "1", **program.environ, **(environ or {})},
                cwd=program.home,
                start_new_session=True,
            )
            os.close(inner)
            opened.append((Screen(process, outer), outer))
            return opened[-1][0]

        yield start
        for screen, descriptor in opened:
            await end(screen.process)
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)
