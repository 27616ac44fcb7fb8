"""Request bodies: read whole, within the limit, also where a client compressed them."""

import asyncio
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Self, TypeVar

from aiohttp import web

from copilot_api.errors import BodyTooLarge, BodyTooSlow, ClientMistake, EncodingUnknown, TooMuchAtOnce
from copilot_api.server.connections import Connection
from copilot_api.settings import Settings

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODINGS = frozenset({"gzip", "deflate", "zstd"})

LARGE_BYTES = 256 * 1024
"""From here on parsing takes long enough to hold up every other stream, so it is done in a thread."""

LEAST_BYTES_PER_S = 64 * 1024
"""A large body may take longer than a small one, but not for ever."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a body may be: so large, packed or not, and so slow."""

    most_bytes: int
    within_s: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings have it."""
        return cls(most_bytes=settings.body_limit_mib * 1024 * 1024, within_s=settings.body_timeout_s)


async def read_body(request: web.Request, intake: Intake) -> bytes:
    """The body, unpacked. Raises BodyTooLarge, BodyTooSlow, EncodingUnknown, ClientMistake."""
    limit_bytes = intake.most_bytes
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ENCODINGS | {"identity", ""}:
        raise EncodingUnknown(
            f"Content-Encoding {encoding[:40]!r} is not understood", hint="send the body plain, or as gzip or zstd"
        )
    if (request.content_length or 0) > limit_bytes:
        raise _too_large(limit_bytes)
    body = await _received(request, intake)
    if encoding not in ENCODINGS:
        return body
    unpacked = await asyncio.to_thread(_unzstd if encoding == "zstd" else _unzipped, body, limit_bytes)
    connection = request.protocol
    if isinstance(connection, Connection) and not connection.hold(len(unpacked)):
        raise TooMuchAtOnce("copilot-api has too much to read at once", hint="send it again in a moment")
    return unpacked


async def _received(request: web.Request, intake: Intake) -> bytes:
    pieces: list[bytes] = []
    size = 0
    due_at = asyncio.get_running_loop().time() + intake.within_s
    try:
        async with asyncio.timeout_at(due_at) as timer:
            while piece := await request.content.readany():
                size += len(piece)
                if size > intake.most_bytes:
                    raise _too_large(intake.most_bytes)
                timer.reschedule(due_at + size / LEAST_BYTES_PER_S)
                pieces.append(piece)
    except TimeoutError as error:
        raise BodyTooSlow(
            f"The request body did not come in time: {size} bytes did", hint="body_timeout_s in the settings gives it longer"
        ) from error
    return b"".join(pieces)


# Neither makes more of a body than the limit, for a small one can unpack to a huge one.


def _unzipped(body: bytes, limit_bytes: int) -> bytes:
    """A gzip or deflate body."""
    # RFC 9110 means zlib's format by "deflate", and some clients send the bare one; 47 recognises gzip and zlib.
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS if body[:1] and body[0] & 0x0F != 8 and body[:2] != b"\x1f\x8b" else 47)
    try:
        unpacked = unpacker.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise _not_as_said() from error
    if unpacker.unused_data:
        raise _followed()
    return _whole(unpacked, limit_bytes, is_whole=unpacker.eof)


def _unzstd(body: bytes, limit_bytes: int) -> bytes:
    """A zstd body, as Codex sends it: one frame."""
    unpacker = zstd.ZstdDecompressor()  # refuses frames that ask for a window of more than 128 MiB
    try:
        unpacked = unpacker.decompress(body, limit_bytes + 1)
    except zstd.ZstdError as error:
        raise _not_as_said() from error
    if unpacker.unused_data:
        raise _followed()
    return _whole(unpacked, limit_bytes, is_whole=unpacker.eof)


def _whole(unpacked: bytes, limit_bytes: int, *, is_whole: bool) -> bytes:
    if len(unpacked) > limit_bytes:
        raise _too_large(limit_bytes)
    if not is_whole:
        raise ClientMistake("The compressed request body is cut short")
    return unpacked


def _followed() -> ClientMistake:
    return ClientMistake("Something follows the end of the compressed request body")


def _not_as_said() -> ClientMistake:
    return ClientMistake("The request body is not compressed as its Content-Encoding says")


def _too_large(limit_bytes: int) -> BodyTooLarge:
    mib = limit_bytes / (1024 * 1024)
    return BodyTooLarge(f"The request body is over the limit of {mib:g} MiB", hint="body_limit_mib in the settings raises it")


async def aside(size_bytes: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`work(...)`, in a thread when there is much to work on."""
    if size_bytes > LARGE_BYTES:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
