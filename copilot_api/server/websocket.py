"""Responses over WebSockets: JSON messages in, the events of one answer at a time out.

Sources: client-apis.md §3.3, copilot-upstream.md §5, OpenAI's guide to its WebSocket mode, and what Codex makes of it.
"""

import asyncio
import logging
import time
import uuid
from contextlib import suppress

from aiohttp import WSCloseCode, WSMsgType, web

from copilot_api.dialects import responses
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Closed, Counted, Opened, Stamp
from copilot_api.dialects.read import obj
from copilot_api.dialects.sse import SseDecoder
from copilot_api.errors import ClientMistake, CopilotApiError, KeyRefused, MethodUnknown, Stopping, UpgradeRefused
from copilot_api.log import is_failure_told, key_name, request_id
from copilot_api.server.body import aside
from copilot_api.server.connections import State, connection_of
from copilot_api.server.faults import noted, reason
from copilot_api.server.items import Items
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.memory import Memory, Room
from copilot_api.server.relay import Question, Relay
from copilot_api.server.responses import ENDINGS
from copilot_api.server.sink import taken
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings
from copilot_api.upstream.catalog import Catalog

FAREWELL_S = 1.0
"""Seconds in which a client must take the last words."""

_SMALL_BYTES = 1024
_BEATS = frozenset({WSMsgType.PING, WSMsgType.PONG})

_log = logging.getLogger(__name__)


class Sockets:
    """The connections of one server."""

    def __init__(
        self, relay: Relay, catalog: Catalog, items: Items, traffic: Traffic, keys: KeyRing, settings: Settings
    ) -> None:
        self._relay = relay
        self._catalog = catalog
        self._items = items
        self._traffic = traffic
        self._keys = keys
        self._settings = settings
        self._room = Room(settings.websocket_store_mib * 1024 * 1024)
        self._sockets: set[_Socket] = set()
        self._is_draining = False

    async def open(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/responses: the upgrade, and then everything. Raises MethodUnknown, UpgradeRefused."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise MethodUnknown("GET is not served at this path", hint="it takes POST, and WebSockets")
        if not self._settings.websockets or self._is_draining:
            # The one status at which Codex goes on over HTTP at once.
            raise UpgradeRefused("This server does not take WebSockets now", hint="POST to the same path instead")
        memory = Memory(self._items, self._settings.body_limit_mib * 1024 * 1024, self._room)
        socket = _Socket(request, self._relay, self._catalog, memory, self._traffic, self._keys, self._settings)
        self._sockets.add(socket)
        try:
            return await socket.serve()
        finally:
            self._sockets.discard(socket)
            memory.forget()

    async def drain(self, _app: web.Application) -> None:
        """Ends the connections: idle ones now, busy ones after their answer."""
        self._is_draining = True
        await asyncio.gather(*(socket.leave() for socket in self._sockets))


class _Socket:
    """One connection."""

    def __init__(
        self,
        request: web.Request,
        relay: Relay,
        catalog: Catalog,
        memory: Memory,
        traffic: Traffic,
        keys: KeyRing,
        settings: Settings,
    ) -> None:
        self._request = request
        self._relay = relay
        self._catalog = catalog
        self._traffic = traffic
        self._keys = keys
        self._settings = settings
        self._memory = memory
        self._web = web.WebSocketResponse(
            timeout=FAREWELL_S,
            autoping=False,
            max_msg_size=settings.body_limit_mib * 1024 * 1024,
            compress=False,  # costs more than it saves on the way to a program on this machine
        )
        self._asked: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_busy = False
        self._leaves = False
        self._pinged_at: float | None = None

    async def serve(self) -> web.WebSocketResponse:
        """Speaks until either side hangs up. A client that leaves ends what runs for it."""
        await self._web.prepare(self._request)
        self._become(State.RESTING)
        working = asyncio.gather(self._work(), self._beat())
        try:
            await self._listen()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        return self._web

    async def leave(self) -> None:
        """Hangs up: now, or after the answer that is under way."""
        self._leaves = True
        if not self._is_busy:
            await self._web.close(code=WSCloseCode.GOING_AWAY, message=b"copilot-api is shutting down")

    async def _listen(self) -> None:
        async for message in self._web:
            self._pinged_at = None
            if message.type is WSMsgType.PING:
                await self._web.pong(message.data)
            if message.type in _BEATS:
                continue
            if message.type is not WSMsgType.TEXT:
                await self._refuse(ClientMistake("Messages are JSON texts", code="invalid_json"))
                continue
            data = message.data.encode("utf-8", "surrogatepass")
            if _is_receipt(data):
                continue
            if self._is_busy:
                await self._refuse(
                    ClientMistake(
                        "Another response is in progress on this connection",
                        hint="wait for its last event, or open a second connection",
                        code="response_in_progress",
                    )
                )
                continue
            self._is_busy = True
            self._become(State.BUSY)
            self._asked.put_nowait(data)

    async def _beat(self) -> None:
        """Pings now and then, and hangs up on who has not answered one by the next.

        A client that gets an answer may have much to read before it comes to a ping, so it is given more time.
        """
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(2 * self._settings.heartbeat_s)
            if self._pinged_at is None:
                self._pinged_at = loop.time()
                with suppress(ConnectionError):
                    await self._web.ping()
                continue
            is_given_time = self._is_busy and loop.time() - self._pinged_at < self._settings.client_timeout_s
            if not is_given_time and self._request.transport is not None:
                self._request.transport.abort()

    async def _work(self) -> None:
        while not self._leaves:
            raw = await self._asked.get()
            request_id.set(str(uuid.uuid4()))
            is_failure_told.set(False)
            try:
                with suppress(ConnectionError), self._traffic.counted():
                    await self._answer(raw)
            finally:
                self._is_busy = False
                self._become(State.RESTING)
        await self.leave()

    def _become(self, state: State) -> None:
        connection_of(self._request).become(state)

    async def _answer(self, raw: bytes) -> None:
        try:
            with suppress(ConnectionError):  # the client is gone, and whoever listens to it knows
                await self._check_key()
                await self._relayed(raw)
        except asyncio.CancelledError:
            if not self._traffic.resume():
                raise
            await self._refuse(Stopping("copilot-api is shutting down", hint="try again when it is back"))
        except Exception as error:  # noqa: BLE001 - the top of a request: whatever it is, the client gets an answer
            self._memory.forget()
            await self._refuse(error if isinstance(error, CopilotApiError) else noted(error))

    async def _check_key(self) -> None:
        """A connection outlives the request that opened it, but not its key. Raises KeyRefused."""
        await self._keys.refresh()
        if self._keys.is_required and not self._keys.knows(key_name.get()):
            self._leaves = True
            raise KeyRefused("The API key of this connection is not valid any more", hint="connect again, with one that is")

    async def _relayed(self, raw: bytes) -> None:
        question, is_warm_up = await aside(len(raw), self._memory.read, raw)
        if is_warm_up:
            await self._warm_up(question)
            return
        outlet = _Outlet(self._request, self._web, self._settings)
        with await self._relay.accept(
            self._request, question.raw, "responses", lambda _: question, is_replayable=False
        ) as errand:
            await self._relay.stream(errand, outlet)
            errand.status = errand.status or 200
        self._memory.heard(question, outlet.answer)

    async def _warm_up(self, question: Question) -> None:
        """A request for no output at all: there is nothing to prepare upstream, but it can be continued from."""
        await self._catalog.find(question.ask.model)
        stamp = Stamp(id=uuid.uuid4().hex, created=int(time.time()), model=question.ask.model)
        encoder = responses.Encoder(stamp, request=question.body)
        outlet = _Outlet(self._request, self._web, self._settings)
        await outlet.write(encoder.feed(Opened()) + encoder.feed(Counted()) + encoder.feed(Closed(reason="stop")))
        self._memory.heard(question, outlet.answer)

    async def _refuse(self, problem: CopilotApiError) -> None:
        """Tells of a problem as OpenAI does here: the status it would have had, and the error object."""
        status = responses.status(problem)
        told: Json = {"type": "error", "status": status, **responses.error(problem)}
        if problem.retry_after:
            told["headers"] = {"retry-after": problem.retry_after}
        if not is_failure_told.get():
            _log.info("WebSocket %s answered %d: %s", self._request.rel_url.raw_path, status, reason(problem))
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._web.send_str(dumps(told).decode())
        except TimeoutError:
            _log.debug("a client does not read what it is told")


class _Outlet:
    """The client's end of one answer: each event is a message of its own."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, settings: Settings) -> None:
        self._request = request
        self._web = socket
        self._heartbeat_s = settings.heartbeat_s
        self._patience_s = settings.client_timeout_s
        self._loop = asyncio.get_running_loop()
        self._due_at = self._loop.time() + settings.heartbeat_s
        self.is_open = False
        self.answer: Json = {}

    def quiet_for_s(self) -> float:
        """Seconds for which the client may still hear nothing."""
        return max(0.0, self._due_at - self._loop.time())

    async def write(self, data: bytes) -> None:
        """Sends whole frames, and waits for a slow client. Comments need no sending: the connection has pings of its own."""
        self._due_at = self._loop.time() + self._heartbeat_s
        for frame in SseDecoder().feed(data):
            if frame.data:
                self.is_open = True
                await taken(self._request, len(frame.data), self._web.send_str(frame.data.decode()), self._patience_s)
            if frame.event in ENDINGS:
                self.answer = obj(obj(loads(frame.data)).get("response"))

    async def end(self) -> None:
        """Nothing follows; the connection stays."""

    async def farewell(self, data: bytes) -> None:
        """The last words, for a client that may have stopped reading long ago; it is not waited for."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self.write(data)
        # Where the interrupted write was waiting for the client, aiohttp keeps that wait, cancelled, for every write to come.
        except (TimeoutError, ConnectionError, asyncio.CancelledError):
            if self._request.transport is not None:
                self._request.transport.abort()


def _is_receipt(data: bytes) -> bool:
    """Whether a message only says that an answer has arrived, as newer versions of Codex do."""
    return len(data) < _SMALL_BYTES and b'"response.processed"' in data
