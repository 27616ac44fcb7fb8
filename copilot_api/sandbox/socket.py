"""A WebSocket at /responses: JSON messages in, the events of one answer at a time out. Source: copilot-upstream.md §5."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from aiohttp import WSMsgType, web

from copilot_api.dialects.codec import loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.sandbox import breakage
from copilot_api.sandbox.connection import Connection
from copilot_api.sandbox.delivery import ARRIVAL_S
from copilot_api.sandbox.replies import Frame, Reply
from copilot_api.sandbox.responses import Responses
from copilot_api.sandbox.script import Fault
from copilot_api.sandbox.seen import Seen

PATH = "ws:/responses"
"""How the upgrade itself is called in what was seen and in the script; its messages are requests to "/responses"."""
MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024


class Socket:
    """One connection. `upgrade` is the request it began with; `note` writes down each message and finds its fault."""

    def __init__(
        self,
        request: web.Request,
        upgrade: Seen,
        *,
        responses: Responses,
        note: Callable[[Seen], Fault | None],
        pace_s: float,
    ) -> None:
        self._request = request
        self._upgrade = upgrade
        self._responses = responses
        self._note = note
        self._pace_s = pace_s
        # A client that does not say goodbye is not waited for.
        self._web = web.WebSocketResponse(timeout=1.0, max_msg_size=MESSAGE_LIMIT_BYTES)
        self._connection = Connection(f"ws-{secrets.token_hex(4)}", is_socket=True)
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._over = asyncio.Event()
        self._is_busy = False

    async def serve(self) -> web.WebSocketResponse:
        """Speaks until either side hangs up."""
        await self._web.prepare(self._request)
        try:
            await asyncio.gather(self._listen(), self._work())
        finally:  # a client that hangs up cancels us
            self._upgrade.outcome = "answered"
        return self._web

    async def close(self) -> None:
        """Hangs up, whatever is under way."""
        self._over.set()
        await self._web.close()

    async def _listen(self) -> None:
        async for message in self._web:
            if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                await self._hear(message.data if isinstance(message.data, bytes) else message.data.encode())
        self._over.set()
        self._waiting.put_nowait(None)

    async def _hear(self, data: bytes) -> None:
        if self._is_busy:
            await self._write(self._error(400, "only one response may be in progress on a connection"))
            return
        self._is_busy = True
        self._waiting.put_nowait(data)

    async def _work(self) -> None:
        while (data := await self._waiting.get()) is not None:
            seen = replace(self._upgrade, method="WS", path="/responses", body=data, at=time.monotonic(), outcome="")
            try:
                await self._answer(seen, self._note(seen))
            except ConnectionError:
                seen.outcome = "client left"
                return
            except asyncio.CancelledError:
                seen.outcome = "client left"
                raise
            seen.outcome = seen.outcome or "answered"
            self._is_busy = False

    async def _answer(self, seen: Seen, fault: Fault | None) -> None:
        if fault is None:
            await self._write(self._responses.message(seen, self._connection).frames or ())
            return
        seen.outcome = fault.kind
        if fault.kind in breakage.EARLY:
            await self._instead(seen, fault)
            return
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        reply = self._responses.message(seen, self._connection)
        await self._write(self._broken(reply, fault) if reply.status == 200 else reply.frames or ())
        if fault.kind == "stall_mid":
            await self._silence(seen)
        elif fault.kind == "cut":
            await asyncio.sleep(ARRIVAL_S)
            self._abort()
        elif fault.kind == "eof":
            await self._web.close()

    async def _silence(self, seen: Seen) -> None:
        await self._over.wait()
        seen.outcome = "client left"

    async def _instead(self, seen: Seen, fault: Fault) -> None:
        if fault.kind == "stall":
            await self._silence(seen)
        elif fault.kind == "reset":
            self._abort()
        else:
            reply = breakage.early(fault)
            await self._write(self._error(reply.status, _words(reply.body) or "Upstream model failed", fault.code))

    def _broken(self, reply: Reply, fault: Fault) -> tuple[Frame, ...]:
        frames = list(reply.frames or ())
        if fault.kind == "error_event":
            sent = [frame for frame in frames[: fault.after] if not frame.closing]
            return (*sent, *self._error(fault.status, breakage.problem(fault).message, fault.code))
        return tuple(frames if fault.kind in {"delay", *breakage.WIRE} else breakage.mangled(frames, fault, PATH))

    def _error(self, status: int, message: str, code: str = "") -> tuple[Frame, ...]:
        return self._responses.socket_error(status, message, code).frames or ()

    async def _write(self, frames: tuple[Frame, ...]) -> None:
        for i, frame in enumerate(frames):
            if i:
                await asyncio.sleep(self._pace_s)
            for data in _payloads(frame.data):
                await self._web.send_str(data.decode("utf-8", "replace"))

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


def _words(body: bytes) -> str:
    """The message of an error's body, whether it is JSON or text."""
    try:
        return str(loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace").strip()


def _payloads(data: bytes) -> list[bytes]:
    """What a frame of a stream holds; here the frame goes without its wrapping, and `[DONE]` not at all."""
    if not data.startswith((b"event:", b"data:")):
        return [data]
    decoder = SseDecoder()
    return [sse.data for sse in [*decoder.feed(data), *decoder.close()] if sse.data != b"[DONE]"]
