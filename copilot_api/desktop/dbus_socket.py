"""How a D-Bus is reached: where its socket is, the greeting, and the messages one by one."""

import asyncio
import logging
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from jeepney import Message
from jeepney.auth import BEGIN, Authenticator
from jeepney.bus import get_bus
from jeepney.low_level import calc_msg_size

from copilot_api.settings import session_bus

LARGEST = 1 << 20
"""Bytes of a message. What is said to us is small; the specification would allow 128 MiB."""

_HEAD = 16
"""Bytes from which the length of a message is known."""

# What jeepney raises for a message that it cannot read.
_UNREADABLE = (ValueError, LookupError, TypeError, AssertionError, RecursionError, struct.error)

UNREACHABLE = (OSError, EOFError, TimeoutError, RuntimeError, ValueError, LookupError, asyncio.LimitOverrunError)
"""What a try to reach a bus may raise: jeepney for an address or a greeting, the system where nobody listens."""

_log = logging.getLogger(__name__)


def session() -> str:
    """The socket of the person's session. Raises LookupError, ValueError or RuntimeError where none is told."""
    return _socket_of(session_bus())


def system() -> str:
    """The socket of the machine's own bus."""
    return _socket_of("SYSTEM")


def _socket_of(address: str) -> str:
    if not address:
        raise LookupError("no address of a session bus is known here")
    return str(get_bus(address))


def is_there(find: Callable[[], str]) -> bool:
    """Whether somebody listens on that socket; for those who run no loop yet."""
    if sys.platform == "win32":
        return False
    with suppress(*UNREACHABLE), closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.connect(find())
        return True
    return False


async def connected(path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which messages can be sent: the bus knows who we are. Raises ValueError where it does not believe it."""
    if sys.platform == "win32":
        raise ConnectionError("this system has no such sockets")
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        conversation = Authenticator()
        for line in conversation:
            writer.write(line)
            conversation.feed(await reader.readuntil(b"\r\n"))
    except BaseException:
        writer.close()
        raise
    writer.write(BEGIN)
    return reader, writer


async def next_message(reader: asyncio.StreamReader) -> Any:
    """The next message; None where it is one that nobody can read. Raises EOFError at the end."""
    head = await reader.readexactly(_HEAD)
    size = calc_msg_size(head)
    if size > LARGEST:
        raise EOFError(f"a message of {size} bytes")
    rest = await reader.readexactly(size - _HEAD)
    try:
        return Message.from_buffer(head + rest)
    except _UNREADABLE as problem:
        _log.debug("a message that cannot be read: %s", problem)
        return None
