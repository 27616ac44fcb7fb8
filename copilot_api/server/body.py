"""Request bodies: read whole, within the limit, also where a client compressed them."""

import asyncio
import zlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from aiohttp import web

from copilot_api.errors import BodyTooLarge, ClientMistake, EncodingUnknown

ENCODINGS = frozenset({"gzip", "deflate"})

LARGE_BYTES = 256 * 1024
"""From here on parsing takes long enough to hold up every other stream, so it is done in a thread."""

P = ParamSpec("P")
R = TypeVar("R")


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """The body, unpacked. Raises BodyTooLarge, EncodingUnknown, ClientMistake."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ENCODINGS | {"identity", ""}:
        raise EncodingUnknown(f"Content-Encoding {encoding[:40]!r} is not understood", hint="send the body plain, or as gzip")
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)
    body = await _received(request, limit_bytes)
    return await asyncio.to_thread(_unpacked, body, limit_bytes) if encoding in ENCODINGS else body


async def _received(request: web.Request, limit_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := await request.content.readany():
        size += len(piece)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked(body: bytes, limit_bytes: int) -> bytes:
    """A gzip or deflate body. Never makes more of it than the limit: a small body can unpack to a huge one."""
    # RFC 9110 means zlib's format by "deflate", and some clients send the bare one; 47 recognises gzip and zlib.
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS if body[:1] and body[0] & 0x0F != 8 and body[:2] != b"\x1f\x8b" else 47)
    try:
        unpacked = unpacker.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise ClientMistake("The request body is not compressed as its Content-Encoding says") from error
    if len(unpacked) > limit_bytes:
        raise _too_large(limit_bytes)
    if not unpacker.eof:
        raise ClientMistake("The compressed request body is cut short")
    return unpacked


def _too_large(limit_bytes: int) -> BodyTooLarge:
    mib = limit_bytes / (1024 * 1024)
    return BodyTooLarge(f"The request body is over the limit of {mib:g} MiB", hint="body_limit_mib in the settings raises it")


async def aside(size_bytes: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`work(...)`, in a thread when there is much to work on."""
    if size_bytes > LARGE_BYTES:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
