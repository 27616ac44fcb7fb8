"""A network of its own for a program under test (Linux, root): one cable to the outside, which can be pulled."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.builders.program import Program


@dataclass
class Network:
    """`outside` is the address of this process's end of the cable, `inside` that of the program's."""

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
def network(number: int) -> Iterator[Network]:
    """Made and taken away; `number` (0 to 255) keeps those of different tests apart."""
    made = Network(f"copilot-api-{number}", f"10.235.{number}.1", f"10.235.{number}.2")
    outer = f"cable{number}"
    _ip("netns", "add", made.name)
    try:
        _ip("link", "add", outer, "type", "veth", "peer", "name", "cable", "netns", made.name)
        _ip("address", "add", f"{made.outside}/24", "dev", outer)
        _ip("link", "set", outer, "up")
        _ip("-n", made.name, "link", "set", "lo", "up")
        made.plug()
        yield made
    finally:
        _ip("netns", "delete", made.name)
        subprocess.run(["ip", "link", "delete", outer], capture_output=True, check=False)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
