"""SOCKS 5 as a client speaks it (RFC 1928; name and password: RFC 1929): what is said, and how it is said over a connection.

The libraries that speak it for aiohttp try one address of a host that has several, and name a certificate that does not fit, or
a proxy that is not there, as if a connection that stood had been lost: such a request would be sent again.
"""

import asyncio
import ipaddress
from collections.abc import Generator

Dialogue = Generator[tuple[bytes, int], bytes, None]
"""What is to be sent, and how many bytes are to come; it is sent those. Ends when the connection leads to where it shall."""

_VERSION = 5
_OPEN, _BY_PASSWORD, _NONE_OF_THESE = 0, 2, 0xFF
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4

NOT_ALLOWED = 2
# Words for people, by the numbers of RFC 1928, section 6.
REPLIES = {
    1: "it gives no reason",
    NOT_ALLOWED: "its rules do not allow it",
    3: "its network does not lead there",
    4: "that host cannot be reached",
    5: "that host refuses it",
    6: "the way is too long",
    7: "it makes no connections",
    8: "it does not know that kind of address",
}
ELSEWHERE = {3, 4, 5, 8}
"""Replies after which another address of the same host may do."""


class NotSocks(Exception):
    """What answered does not speak SOCKS 5."""


class WantsPassword(Exception):
    """The proxy lets nobody through without a name and a password, or not with these."""


class Refused(Exception):
    """The proxy did not connect to where it was asked to; `reply` is its number for why."""

    def __init__(self, reply: int) -> None:
        super().__init__(REPLIES.get(reply, f"reply {reply}"))
        self.reply = reply


def dialogue(host: str, port: int, name: str = "", password: str = "") -> Dialogue:
    """Asks for a connection to `host`, a name or a number. Raises NotSocks, WantsPassword, Refused."""
    has_password = bool(name or password)
    methods = bytes([_OPEN, _BY_PASSWORD]) if has_password else bytes([_OPEN])
    version, method = yield bytes([_VERSION, len(methods)]) + methods, 2
    if version != _VERSION:
        raise NotSocks
    if method == _BY_PASSWORD and has_password:
        _, status = yield b"\x01" + _counted(name) + _counted(password), 2
        if status:
            raise WantsPassword
    elif method in {_BY_PASSWORD, _NONE_OF_THESE}:
        raise WantsPassword
    elif method != _OPEN:
        raise NotSocks
    version, reply = yield bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2, "big"), 2
    if version != _VERSION:
        raise NotSocks
    if reply:  # what follows may never come
        raise Refused(reply)
    _, kind, first = yield b"", 3
    # The rest of the proxy's own address, which nobody needs, and its port.
    rests = {_IPV4: 3, _IPV6: 15, _NAME: first}
    if kind not in rests:
        raise NotSocks
    yield b"", rests[kind] + 2


def _address(host: str) -> bytes:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return bytes([_NAME]) + _counted(host)
    return bytes([_IPV4 if number.version == 4 else _IPV6]) + number.packed


def _counted(text: str) -> bytes:
    data = text.encode()
    return bytes([len(data)]) + data


class Conversation(asyncio.Protocol):
    """A dialogue over a connection whose transport is given this protocol for as long as it lasts."""

    def __init__(self, transport: asyncio.Transport, steps: Dialogue) -> None:
        self._transport = transport
        self._steps = steps
        self._received = b""
        self._wanted = 0
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def hold(self) -> None:
        """Returns when the connection leads to where it shall. Raises like `dialogue`, and ConnectionError."""
        self._transport.set_protocol(self)
        try:
            self._go_on(None)
            await self._over
        finally:
            self._steps.close()

    def data_received(self, data: bytes) -> None:
        """More of an answer."""
        self._received += data
        while not self._over.done() and len(self._received) >= self._wanted:
            answer, self._received = self._received[: self._wanted], self._received[self._wanted :]
            self._go_on(answer)

    def connection_lost(self, error: Exception | None) -> None:
        """The proxy has hung up."""
        if not self._over.done():
            self._over.set_exception(error or ConnectionResetError("the proxy hung up"))

    def _go_on(self, answer: bytes | None) -> None:
        try:
            said, self._wanted = next(self._steps) if answer is None else self._steps.send(answer)
        except StopIteration:
            self._over.set_result(None)
        except (NotSocks, WantsPassword, Refused) as problem:
            self._over.set_exception(problem)
        else:
            self._transport.write(said)
