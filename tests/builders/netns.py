"""Networks of one's own (Linux, root): one for a test, and one for a program, with a cable that can be pulled."""

import asyncio
import ctypes
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders.program import Program

NEWNET = 0x40000000
"""CLONE_NEWNET of Linux's sched.h."""


@contextmanager
def apart() -> Iterator[None]:
    """This thread, with all that it opens and starts from now on, is in a network in which there is nothing but loopback.

    So that what a test changes there is seen by nobody else: a browser gives a page up when the network changes meanwhile.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        _must(libc.unshare(NEWNET))
        try:
            _ip("link", "set", "lo", "up")
            yield
        finally:
            _must(libc.setns(before.fileno(), NEWNET))


def _must(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@dataclass
class Network:
    """`outside` is the address of the test's end of the cable, `inside` that of the program's."""

    name: str
    outside: str
    inside: str

    def of(self, program: Program) -> Program:
        """The program in that network."""
        return Program(program.home, ("ip", "netns", "exec", self.name, *program.starts), program.environ)

    def pull(self) -> None:
        """Pulls the cable: the address and the routes go with it."""
        self._inside("address", "flush", "dev", "cable")
        self._inside("link", "set", "cable", "down")

    def plug(self, address: str = "") -> None:
        """Plugs it in again, perhaps into another network, where one gets another `address`."""
        self.inside = address or self.inside
        self._inside("link", "set", "cable", "up")
        self._inside("address", "add", f"{self.inside}/24", "dev", "cable")
        self._inside("route", "add", "default", "via", self.outside)

    async def post(self, url: str, body: Any, *, within_s: float = 20) -> tuple[int, bytes]:
        """Status and body of what a client in that network is answered."""
        client = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", self.name, "curl", "-sS", "-w", "\n%{http_code}", "--max-time", str(within_s)),
            *("-H", "content-type: application/json", "-d", json.dumps(body), url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await client.communicate()
        answer, _, status = out.rpartition(b"\n")
        return int(status), answer or err

    def _inside(self, *words: str) -> None:
        _ip("-n", self.name, *words)


@contextmanager
def network() -> Iterator[Network]:
    """Made, with a cable to this thread's network, and taken away."""
    made = Network(f"copilot-api-{secrets.token_hex(4)}", "10.235.0.1", "10.235.0.2")
    _ip("netns", "add", made.name)
    try:
        _ip("link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", made.name)
        _ip("address", "add", f"{made.outside}/24", "dev", "cable")
        _ip("link", "set", "cable", "up")
        _ip("-n", made.name, "link", "set", "lo", "up")
        made.plug()
        yield made
    finally:
        _ip("netns", "delete", made.name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
