"""Puts a reply on the socket: at its pace, and with the fault that was planned for it."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence

from aiohttp import web

from copilot_api.sandbox import breakage
from copilot_api.sandbox.replies import Frame, Reply, draw
from copilot_api.sandbox.script import Fault
from copilot_api.sandbox.seen import Seen

ARRIVAL_S = 0.01
"""Lets the bytes reach the client before the reset overtakes them."""


class Delivery:
    """One request's way out. `closing` ends every silence when the sandbox stops."""

    def __init__(self, request: web.Request, seen: Seen, *, pace_s: float, closing: asyncio.Event) -> None:
        self._request = request
        self._seen = seen
        self._pace_s = pace_s
        self._closing = closing

    async def send(self, answer: Callable[[], Reply], fault: Fault | None) -> web.StreamResponse:
        """Sends what `answer` makes, or what the fault makes of it."""
        try:
            response = await self._send(answer, fault)
        except asyncio.CancelledError:
            self._seen.outcome = "client left"
            raise
        except ConnectionError as error:
            self._seen.outcome = "client left"
            raise asyncio.CancelledError from error  # aiohttp would log anything else as a fault
        self._seen.outcome = self._seen.outcome or "answered"
        return response

    async def _send(self, answer: Callable[[], Reply], fault: Fault | None) -> web.StreamResponse:
        if fault is None:
            return await self._write(answer())
        self._seen.outcome = fault.kind
        if fault.kind in breakage.EARLY:
            return await self._instead(fault)
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return await self._write(answer())
        reply = answer()
        if reply.status != 200:  # refused before the fault could strike
            return await self._write(reply)
        if fault.kind in breakage.WIRE:
            return await self._on_the_wire(reply, fault)
        return await (self._broken_whole(reply, fault) if reply.frames is None else self._broken_stream(reply, fault))

    async def _write(self, reply: Reply, *, pace_s: float | None = None) -> web.StreamResponse:
        if reply.lost:
            return self._reset()
        if reply.frames is None:
            return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        response = await self._open(reply)
        await self._write_frames(response, reply.frames, self._pace_s if pace_s is None else pace_s)
        await response.write_eof()
        return response

    async def _open(self, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        return response

    async def _write_frames(self, response: web.StreamResponse, frames: Sequence[Frame], pace_s: float) -> None:
        for i, frame in enumerate(frames):
            if i:
                await asyncio.sleep(pace_s)
            await response.write(frame.data)

    async def _instead(self, fault: Fault) -> web.StreamResponse:
        if fault.kind == "reset":
            return self._reset()
        if fault.kind == "stall":
            await self._closing.wait()
            return self._reset()
        return await self._write(breakage.early(fault))

    async def _on_the_wire(self, reply: Reply, fault: Fault) -> web.StreamResponse:
        if fault.kind != "headers":
            pace_s = fault.seconds / breakage.DRIPS if fault.kind == "drip" else self._pace_s
            return await self._write(breakage.on_the_wire(reply, fault), pace_s=pace_s)
        response = await self._open(reply)
        await asyncio.sleep(ARRIVAL_S)
        return self._reset(response)

    async def _broken_whole(self, reply: Reply, fault: Fault) -> web.StreamResponse:
        if fault.kind == "error_event":
            return await self._write(draw(breakage.problem(fault), "error"))
        if fault.kind == "failed":
            return await self._write(breakage.failed_whole(reply, fault))
        if fault.kind in {"no_done", "no_event_lines"}:
            return await self._write(reply)
        half = reply.body[: len(reply.body) // 2]
        if fault.kind in {"eof", "bad_json"}:
            return web.Response(status=reply.status, headers=reply.headers, body=half)
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        response.content_length = len(reply.body)
        await response.prepare(self._request)
        await response.write(half)
        if fault.kind == "stall_mid":
            await self._closing.wait()
        return self._reset(response)

    async def _broken_stream(self, reply: Reply, fault: Fault) -> web.StreamResponse:
        frames = list(reply.frames or ())
        response = await self._open(reply)
        await self._write_frames(response, breakage.mangled(frames, fault, self._seen.path), self._pace_s)
        if fault.kind == "stall_mid":
            await self._closing.wait()
        if fault.kind in {"cut", "stall_mid"}:
            await asyncio.sleep(ARRIVAL_S)
            return self._reset(response)
        await response.write_eof()
        return response

    def _reset(self, response: web.StreamResponse | None = None) -> web.StreamResponse:
        transport = self._request.transport
        if transport is not None:
            if (sock := transport.get_extra_info("socket")) is not None:
                # With no linger the kernel sends RST instead of FIN.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        return response or web.Response(status=500)
