"""Which program has a port, as far as the system tells: Linux does, of the person's own programs, and root is told of all."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
LISTENS = "0A"
"""TCP_LISTEN in the fourth column of proc(5)'s net/tcp."""

_SOCKET = re.compile(r"socket:\[(\d+)\]")


def occupant(port: int, proc: Path = PROC) -> str:
    """Name and process of the program that listens on `port`; "" where that is not told. Blocks."""
    if not sys.platform.startswith("linux"):
        return ""
    inodes = set(_inodes(port, proc))
    if not inodes:
        return ""
    for process in proc.glob("[0-9]*"):
        if any(inode in inodes for inode in _sockets(process)):
            with suppress(OSError):
                return f"{(process / 'comm').read_text('utf-8', 'replace').strip()} (process {process.name})"
    return ""


def _inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (proc / "net" / table).read_text("ascii").splitlines()[1:]:
                columns = line.split()
                if columns[3] == LISTENS and int(columns[1].rpartition(":")[2], 16) == port:
                    yield columns[9]


def _sockets(process: Path) -> Iterator[str]:
    """The sockets that a process has open; none where we may not look."""
    with suppress(OSError):
        for name in os.listdir(process / "fd"):  # noqa: PTH208 - with PTH115: a path for each would take twice as long
            with suppress(OSError):
                if found := _SOCKET.match(os.readlink(f"{process}/fd/{name}")):  # noqa: PTH115
                    yield found[1]
