"""The connections of clients: how many there may be, and how long each may idle, dawdle, or leave an answer unread.

Slow and silent clients cost a connection each. When there are as many as there may be, the one that was idle for longest makes
room, then the one that has been sending its first line for longest; one that is being answered never does. So nobody who holds
connections open keeps a client out that asks for something.
"""

import asyncio
import logging
import uuid
from enum import IntEnum
from typing import Any, Protocol

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from copilot_api.dialects.codec import dumps
from copilot_api.settings import Settings

RESERVED_DESCRIPTORS = 64
"""For all that is no client: files, the resolver, connections that are being made."""

DESCRIPTORS_EACH = 2
"""A connection of a client may need another one upstream."""

LARGEST_LINE = 16 * 1024
"""Of a head, in bytes: Codex sends its state in one header, and some people's cookies are no shorter."""

MOST_HEADERS = 128

MOST_MIB = 512
"""Of requests that are being read or answered, all together, as they came; a body that was packed counts unpacked, too.

Where one body may be larger than half of it, two of the largest are what fits.
"""

_MIB = 1024 * 1024

_SWEEPS_EVERY_S = 5.0
"""And more often where less time than four times that is given."""

_log = logging.getLogger(__name__)


class State(IntEnum):
    """What a connection is doing, those first that are missed least."""

    IDLE = 0
    HEAD = 1
    """A request has begun, and its head is not complete."""
    RESTING = 2
    """A WebSocket on which nothing is being answered."""
    BUSY = 3


class Held(Protocol):
    """What is known of any connection."""

    state: State
    since: float
    stuck_since: float | None
    transport: asyncio.Transport | None

    def force_close(self) -> None:
        """Hangs up."""

    def turn_away(self, status: int, kind: str, code: str, words: str) -> None:
        """Says so, where that can be said, and hangs up."""


class Connection(web.RequestHandler):
    """One of them: aiohttp's own, which here also knows since when it does what."""

    __slots__ = ("_doorway", "_others", "held_bytes", "is_ours", "since", "state", "stuck_since")

    def __init__(self, others: "Connections", server: web.Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._others = others
        self.state = State.IDLE
        self.since = 0.0
        self.stuck_since: float | None = None
        self.held_bytes = 0
        self._doorway: Held | None = None
        self.is_ours: bool | None = None
        """Whether it comes from a program of the same user; None before anybody looked."""

    def become(self, state: State) -> None:
        """Notes what it does from now on. What came before that is forgotten when it was for what is over now."""
        self.state, self.since = state, self._loop.time()
        if state in {State.IDLE, State.RESTING}:
            self._others.held_bytes -= self.held_bytes
            self.held_bytes = 0

    def came_by(self, doorway: Held) -> None:
        """Which one stands for it until it is made."""
        self._doorway = doorway

    def hold(self, size_bytes: int) -> bool:
        """Notes that so much is kept for the request that is being read or answered; whether there is room for it."""
        self.held_bytes += size_bytes
        self._others.held_bytes += size_bytes
        return self._others.held_bytes <= self._others.most_bytes

    def turn_away(self, status: int, kind: str, code: str, words: str) -> None:
        """Answers, whatever was asked, and hangs up."""
        if self.transport is not None:
            self.transport.write(_answer(status, kind, code, words))
        self.force_close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(transport)
        self.become(State.IDLE)
        if self._doorway is not None:
            self._others.remove(self._doorway)
        self._others.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is gone."""
        self.become(State.IDLE)
        self._others.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if data and self.state == State.IDLE:  # aiohttp calls this without any to read on where it has paused
            self.become(State.HEAD)
        if not self.hold(len(data)):
            most_mib = self._others.most_bytes // _MIB
            self._others.tell("clients have sent more than %d MiB that is being worked on, so more is refused", most_mib)
            self.turn_away(503, "overloaded_error", "too_much_at_once", "copilot-api has too much to read at once")
            return
        super().data_received(data)

    def pause_writing(self) -> None:
        """The client does not read as fast as we write."""
        self.stuck_since = self._loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self.stuck_since = None
        super().resume_writing()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Writes what is left of the answer; then nothing is going on."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self.become(State.IDLE)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Draws what aiohttp could not read, in a shape that clients of each dialect read; it would quote the request."""
        super().handle_error(request, status, exc, message)
        if isinstance(exc, LineTooLong):
            status, words = 431, "The head of the request is too large"
        elif status < 500:
            words = "The request is not HTTP as it should be"
        else:
            words = "Something went wrong inside copilot-api"
        kind = "invalid_request_error" if status < 500 else "api_error"
        headers = {"Server": "copilot-api", "x-request-id": (name := str(uuid.uuid4())), "request-id": name}
        body = _body(kind, "bad_http" if status < 500 else "server_error", words)
        response = web.Response(status=status, body=body, content_type="application/json", headers=headers)
        response.force_close()
        return response


def descriptors_for(clients: int) -> int:
    """How many files a process must be able to open to serve that many at a time."""
    return DESCRIPTORS_EACH * clients + RESERVED_DESCRIPTORS


def connection_of(request: web.BaseRequest) -> Connection:
    """The one that a request came on."""
    connection = request.protocol
    assert isinstance(connection, Connection)  # noqa: S101 - `Connections` makes no other
    return connection


class Connections:
    """All of one server's. `descriptors` is how many files the process may open, where there is such a limit."""

    def __init__(self, settings: Settings, descriptors: int | None) -> None:
        self.most = settings.max_connections
        if descriptors is not None:
            self.most = max(1, min(self.most, (descriptors - RESERVED_DESCRIPTORS) // DESCRIPTORS_EACH))
        self._patience_s = {State.IDLE: settings.keep_alive_s, State.HEAD: settings.head_timeout_s}
        # An answer notices it by itself, tells it, and so comes first; this is for whatever has no clock of its own.
        self._stuck_s = 1.25 * settings.client_timeout_s
        given_s = min(*self._patience_s.values(), self._stuck_s)
        self._sweeps_every_s = max(0.02, min(_SWEEPS_EVERY_S, given_s / 4))
        self._open: dict[Held, None] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._told: set[str] = set()
        self._is_over = False
        self.held_bytes = 0
        self.most_bytes = max(MOST_MIB, 2 * settings.body_limit_mib) * _MIB

    def __len__(self) -> int:
        return len(self._open)

    def make(self, server: web.Server, logger: logging.Logger) -> Connection:
        """The next one: what asyncio calls a protocol factory, with its server."""
        return Connection(
            self,
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,
            logger=logger,
            auto_decompress=False,  # it refuses what it cannot unpack before any handler could say so in a dialect
            keepalive_timeout=2 * max(self._patience_s.values()),  # ours is the shorter one, and looks closer
            max_line_size=LARGEST_LINE,
            max_field_size=LARGEST_LINE,
            max_headers=MOST_HEADERS,
        )

    def add(self, new: Held) -> None:
        """Lets it in, if need be in another's place; turns it away when all are being answered, or the end has come."""
        if self._is_over:
            new.force_close()
            return
        if len(self._open) >= self.most and not self._make_room():
            self.tell("all %d connections are busy, so more are turned away; max_connections sets how many", self.most)
            new.turn_away(503, "overloaded_error", "too_many_connections", "All connections of copilot-api are busy")
            return
        self._open[new] = None
        if self._sweeping is None:
            self._sweep_later()

    def close_unused(self) -> None:
        """Hangs up on those on which nothing was asked yet: aiohttp would only stop listening to them."""
        for one in tuple(self._open):
            if one.state in {State.IDLE, State.HEAD}:
                one.force_close()

    def close(self) -> None:
        """Hangs up on all that are left, and on who was just being let in."""
        self._is_over = True
        for one in tuple(self._open):
            one.force_close()
        if self._sweeping is not None:
            self._sweeping.cancel()

    def tell(self, words: str, number: int) -> None:
        """Logs that there is too much of something; once, for who is flooded has enough to read."""
        if words not in self._told:
            self._told.add(words)
            _log.warning(words, number)

    def remove(self, gone: Held) -> None:
        """It is closed."""
        self._open.pop(gone, None)

    def _make_room(self) -> bool:
        """Closes the connection that is missed least; False when each is being answered."""
        least = min(self._open, key=lambda one: (one.state, one.since))
        if least.state == State.BUSY:
            return False
        _log.debug("a connection that was %s is closed to make room", least.state.name.lower())
        self._open.pop(least)
        least.force_close()
        return True

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(self._sweeps_every_s, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        now = asyncio.get_running_loop().time()
        for one in tuple(self._open):
            if one.stuck_since is not None and now - one.stuck_since > self._stuck_s:
                _log.info("a client did not read its answer for %g s: hung up", self._stuck_s)
                if one.transport is not None:
                    one.transport.abort()
            elif now - one.since > self._patience_s.get(one.state, now):
                self._end(one)
        if self._open:
            self._sweep_later()

    def _end(self, one: Held) -> None:
        if one.state == State.HEAD:
            one.turn_away(408, "invalid_request_error", "head_timeout", "The head of the request did not come in time")
        else:
            one.force_close()


def _answer(status: int, kind: str, code: str, words: str) -> bytes:
    body = _body(kind, code, words)
    reason = {408: "Request Timeout", 503: "Service Unavailable"}[status]
    head = (
        f"HTTP/1.1 {status} {reason}\r\nServer: copilot-api\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _body(kind: str, code: str, words: str) -> bytes:
    """An error that every dialect's clients read, for requests of which nobody knows the dialect."""
    return dumps({"type": "error", "error": {"type": kind, "message": words, "code": code, "param": None}})
