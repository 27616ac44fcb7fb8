"""The real program in a process of its own, with or without a terminal."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from copilot_api.sandbox import Sandbox

ROOT = Path(__file__).parent.parent.parent
LIMIT_S = 30.0
# What a process needs to start at all, and what collects its coverage.
KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")


@dataclass
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


async def end(process: asyncio.subprocess.Process) -> None:
    """Ends a process that is still running: politely, for its coverage; by force, when that takes too long."""
    with suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Server:
    """A running `copilot-api start`: its address, and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._heard: list[str] = []

    @property
    def err(self) -> str:
        """All that it has said on standard error."""
        return "".join(self._heard)

    def hear(self, line: bytes) -> None:
        """Takes down what it says."""
        self._heard.append(line.decode())

    @property
    def url(self) -> str:
        """Where it serves."""
        return self.err.split(" at ")[1].split("\n")[0]

    async def said(self, text: str) -> None:
        """Waits until it has said `text`."""
        assert self.process.stderr is not None
        async with asyncio.timeout(LIMIT_S):
            while text not in self.err:
                line = await self.process.stderr.readline()
                assert line, f"{text!r} was not said, but: {self.err}"
                self.hear(line)

    async def ended(self) -> Ended:
        """How it ended, when it does."""
        async with asyncio.timeout(LIMIT_S):
            out, err = await self.process.communicate()
        return Ended(self.process.returncode or 0, out.decode(), self.err + err.decode())


@dataclass
class Program:
    """`copilot-api` with an environment of its own; `home` is its HOME, `starts` the command that starts it."""

    home: Path
    starts: tuple[str, ...]
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, home: Path, starts: tuple[str, ...], **environ: str) -> Self:
        """With a private HOME, and with tokens in a file, because not every machine that runs tests has a keyring to spare."""
        inherited = {name: os.environ[name] for name in KEPT if name in os.environ}
        places = {name: str(home) for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA")}
        ours = {"PYTHONPATH": str(ROOT), "COPILOT_API_TOKEN_STORE": "file", "PYTHONWARNINGS": "error"}
        # Servers that run in the person's own session are none of its business.
        ours["XDG_RUNTIME_DIR"] = str(home)
        return cls(home, starts, inherited | places | ours | environ)

    async def run(self, *arguments: str, typed: str = "") -> Ended:
        """Runs a command to its end, without a terminal; `typed` is what its standard input holds."""
        process = await self.start(*arguments)
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate(typed.encode())
        return Ended(process.returncode or 0, out.decode(), err.decode())

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Starts a command without a terminal."""
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            *self.command(*arguments), stdin=pipe, stdout=pipe, stderr=pipe, env=self.environ, cwd=self.home
        )

    @asynccontextmanager
    async def serving(self, *arguments: str) -> AsyncIterator["Server"]:
        """`copilot-api start` on a free port, without a terminal; it is ended if the block does not end it."""
        process = await self.start("start", "--port", "0", *arguments)
        server = Server(process)
        try:
            await server.said("press Ctrl-C to stop")
            yield server
        finally:
            await end(process)
            await process.communicate()

    def command(self, *arguments: str) -> list[str]:
        return [*self.starts, *arguments]

    def uses(self, sandbox: Sandbox, *, grant: str = "") -> None:
        """Points the program at `sandbox`; with a grant it is signed in."""
        self.environ |= {
            "COPILOT_API_GITHUB_URL": sandbox.github_url,
            "COPILOT_API_GITHUB_API_URL": sandbox.github_api_url,
            "COPILOT_API_COPILOT_URL": sandbox.copilot_url,
        }
        if grant:
            self.environ["GH_TOKEN"] = grant

    def stored(self) -> list[str]:
        """The tokens that the file store holds."""
        return [path.read_text("utf-8") for path in self.home.rglob("grants/*")]

    def leave_legacy_token(self, token: str) -> Path:
        """A token as copilot-api 0.7 kept it."""
        path = self.home / ".local" / "share" / "copilot-api" / "github_token"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(token, "utf-8")
        return path


if sys.platform != "win32":

    class Screen:
        """A program on a terminal: what it shows, and what is typed."""

        def __init__(self, process: asyncio.subprocess.Process, descriptor: int) -> None:
            self.process = process
            self.shown = ""
            self._descriptor = descriptor
            self._changed = asyncio.Event()
            os.set_blocking(descriptor, False)
            asyncio.get_running_loop().add_reader(descriptor, self._read)

        def _read(self) -> None:
            with suppress(OSError):  # the program has closed the terminal
                if piece := os.read(self._descriptor, 65536):
                    self.shown += piece.decode("utf-8", "replace").replace("\r\n", "\n")
                    self._changed.set()
                    return
            asyncio.get_running_loop().remove_reader(self._descriptor)

        async def expect(self, text: str) -> None:
            """Waits until `text` is shown."""
            await self.expect_times(text, 1)

        async def expect_times(self, text: str, times: int) -> None:
            """Waits until `text` has been shown that often."""
            try:
                async with asyncio.timeout(LIMIT_S):
                    while self.shown.count(text) < times:
                        self._changed.clear()
                        await self._changed.wait()
            except TimeoutError:
                pytest.fail(f"{text!r} was not shown, but: {self.shown}")

        def type(self, text: str) -> None:
            os.write(self._descriptor, text.encode())

        def interrupt(self) -> None:
            """Ctrl-C."""
            self.process.send_signal(signal.SIGINT)

        async def ended(self) -> int:
            """The exit code, when it comes."""
            async with asyncio.timeout(LIMIT_S):
                code = await self.process.wait()
            self._read()
            return code

    OnScreen = Callable[..., Awaitable[Screen]]
    """Starts the program on a terminal of its own; takes the command's arguments."""
