"""Puts a reply on the socket: at its pace, and with the fault that was planned for it."""

import asyncio
import socket
import struct
from collections.abc import Callable, Sequence

from aiohttp import web

from copilot_api.dialects import sse
from copilot_api.dialects.codec import dumps
from copilot_api.sandbox.replies import Frame, Refusal, Reply, draw, text_reply
from copilot_api.sandbox.script import Fault
from copilot_api.sandbox.seen import Seen

# Kinds that strike instead of an answer: the request is not even looked at.
EARLY = {"status", "unauthorized", "forbidden", "rate_limited", "quota", "overloaded", "html", "reset", "stall"}

_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>\n"


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
        except (asyncio.CancelledError, ConnectionError):
            self._seen.outcome = "client left"
            raise
        self._seen.outcome = self._seen.outcome or "answered"
        return response

    async def _send(self, answer: Callable[[], Reply], fault: Fault | None) -> web.StreamResponse:
        if fault is None:
            return await self._write(answer())
        self._seen.outcome = fault.kind
        if fault.kind in EARLY:
            return await self._instead(fault)
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
            return await self._write(answer())
        reply = answer()
        if reply.status != 200:  # refused before the fault could strike
            return await self._write(reply)
        return await (self._broken_whole(reply, fault) if reply.frames is None else self._broken_stream(reply, fault))

    async def _write(self, reply: Reply) -> web.StreamResponse:
        if reply.lost:
            return self._reset()
        if reply.frames is None:
            return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        response = await self._open(reply)
        await self._write_frames(response, reply.frames)
        await response.write_eof()
        return response

    async def _open(self, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        response.enable_chunked_encoding()
        await response.prepare(self._request)
        return response

    async def _write_frames(self, response: web.StreamResponse, frames: Sequence[Frame]) -> None:
        for i, frame in enumerate(frames):
            if i:
                await asyncio.sleep(self._pace_s)
            await response.write(frame.data)

    async def _instead(self, fault: Fault) -> web.StreamResponse:
        if fault.kind == "reset":
            return self._reset()
        if fault.kind == "stall":
            await self._closing.wait()
            return self._reset()
        return await self._write(_early(fault))

    async def _broken_whole(self, reply: Reply, fault: Fault) -> web.StreamResponse:
        if fault.kind == "error_event":
            return await self._write(draw(_mid_stream(fault), "error"))
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
        await self._write_frames(response, _mangled(frames, fault))
        if fault.kind == "stall_mid":
            await self._closing.wait()
        if fault.kind in {"cut", "stall_mid"}:
            # Lets the bytes reach the client before the reset overtakes them.
            await asyncio.sleep(0.01)
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


def _mangled(frames: list[Frame], fault: Fault) -> list[Frame]:
    if fault.kind in {"cut", "stall_mid"}:
        return frames[: fault.after]
    if fault.kind == "error_event":
        return [*frames[: fault.after], Frame(data=_error_event(fault, named=frames[0].data.startswith(b"event:")))]
    if fault.kind == "eof":
        return [frame for frame in frames if not frame.closing]
    if fault.kind == "bad_json":
        broken = frames[fault.after : fault.after + 1]
        return [*frames[: fault.after], *(_broken(f) for f in broken), *frames[fault.after + 1 :]]
    if fault.kind == "no_done":
        return [frame for frame in frames if b"[DONE]" not in frame.data]
    return [Frame(data=frame.data[frame.data.index(b"data:") :], closing=frame.closing) for frame in frames]


def _broken(frame: Frame) -> Frame:
    """The frame with the second half of its JSON missing."""
    line = frame.data.rstrip(b"\n")
    start = line.index(b"data:")
    return Frame(data=line[: start + (len(line) - start) // 2 + 5] + b"\n\n", closing=frame.closing)


def _error_event(fault: Fault, *, named: bool) -> bytes:
    problem = _mid_stream(fault)
    if named:
        error = {"type": fault.code or "overloaded_error", "message": problem.message}
        return sse.encode(dumps({"type": "error", "error": error}), "error")
    detail = {"message": problem.message, "code": problem.code, "type": "server_error"}
    return sse.encode(dumps({"error": detail}))


def _mid_stream(fault: Fault) -> Refusal:
    return Refusal(fault.message or "Upstream model failed", status=fault.status, code=fault.code or "server_error")


def _early(fault: Fault) -> Reply:
    after_s = str(int(fault.seconds or 30))
    if fault.kind == "unauthorized":
        return text_reply(fault.message or "unauthorized: token expired", status=401)
    if fault.kind == "forbidden":
        return text_reply(fault.message or "access to this endpoint is forbidden", status=403)
    if fault.kind == "rate_limited":
        refusal = Refusal(
            fault.message or "Sorry, you have exceeded your rate limit. Please wait before you try again.",
            status=429,
            code=fault.code or "user_model_rate_limited",
            headers={"retry-after": after_s, "x-ratelimit-exceeded": "user-model-requests", **fault.headers},
        )
        return draw(refusal, "error")
    if fault.kind == "quota":
        refusal = Refusal(
            fault.message or "You have no quota", status=402, code=fault.code or "quota_exceeded", headers=fault.headers
        )
        return draw(refusal, "error")
    if fault.kind == "overloaded":
        return text_reply(fault.message or "upstream provider is rate limited", status=503)
    if fault.kind == "html":
        return Reply(status=502, headers={"content-type": "text/html"}, body=_HTML)
    return Reply(status=fault.status, headers=fault.headers, body=fault.body)
