"""Questions on the terminal while the event loop runs: one at a time, never blocking it."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import typer

from copilot_api import console


class Terminal:
    """Reads lines from standard input in a thread of its own, one for each line that is wanted.

    A read cannot be taken back: when a question is withdrawn, the next one takes over the read that is still pending.
    The file descriptor is read directly because a daemon thread that holds the lock of `sys.stdin` spoils the exit.
    """

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._wanted = threading.Semaphore(0)
        self._line: asyncio.Future[str] | None = None
        self._is_reading = False
        self._thread: threading.Thread | None = None

    async def ask(self, question: str) -> str:
        """The line typed after `question`, without surrounding blanks. Raises typer.Abort when the input ends."""
        async with self._turn:
            console.say(question, end=" ")
            return (await self._next_line()).strip()

    async def confirm(self, question: str, *, default: bool) -> bool:
        """Asks until the answer is yes or no; Enter alone means `default`."""
        while True:
            answer = (await self.ask(f"{question} [{'Y/n' if default else 'y/N'}]")).lower()
            if answer in {"", "y", "yes", "n", "no"}:
                return default if not answer else answer.startswith("y")
            console.say("please answer y or n")

    async def select(self, question: str, choices: Sequence[str], *, default: int = 0) -> str:
        """Asks for one of `choices` by its number, its name or a part that only one name has; Enter means `default`."""
        for number, choice in enumerate(choices, 1):
            console.say(f"{number:4}  {choice}")
        while True:
            answer = await self.ask(f"{question} [{default + 1}]")
            found = _chosen(answer, choices, default)
            if found is not None:
                return found
            console.say(f"please type a number from 1 to {len(choices)}, or part of a name")

    def on_enter(self, act: Callable[[], object]) -> Callable[[], object]:
        """Calls `act` when the Enter key is pressed while other work goes on. Returns what withdraws that."""

        def entered(line: asyncio.Future[str]) -> None:
            if not line.cancelled() and line.result():
                act()

        line = self._begin()
        line.add_done_callback(entered)
        return line.cancel

    async def _next_line(self) -> str:
        line = await self._begin()
        if not line:
            raise typer.Abort
        return line

    def _begin(self) -> asyncio.Future[str]:
        """The line that will be typed next."""
        loop = asyncio.get_running_loop()
        self._line = loop.create_future()
        if not self._is_reading:
            self._is_reading = True
            self._wanted.release()
        if self._thread is None:
            self._thread = threading.Thread(target=self._read, args=(loop,), name="terminal", daemon=True)
            self._thread.start()
        return self._line

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            self._wanted.acquire()
            line = _line(sys.stdin.fileno())
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._deliver, line)

    def _deliver(self, line: str) -> None:
        self._is_reading = False
        if self._line is not None and not self._line.done():
            self._line.set_result(line)


def _line(descriptor: int) -> str:
    """One line from a terminal, or what a pipe gives up to the line's end; empty at the end of the input."""
    read = bytearray()
    while not read.endswith(b"\n"):
        with suppress(OSError):  # the terminal has gone: the same as its end
            if byte := os.read(descriptor, 1):
                read += byte
                continue
        break
    return read.decode(sys.stdin.encoding or "utf-8", "replace")


def _chosen(answer: str, choices: Sequence[str], default: int) -> str | None:
    if not answer:
        return choices[default]
    if answer.isdigit():
        return choices[int(answer) - 1] if 1 <= int(answer) <= len(choices) else None
    if answer in choices:
        return answer
    partial = [choice for choice in choices if answer.lower() in choice.lower()]
    return partial[0] if len(partial) == 1 else None
