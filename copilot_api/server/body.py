"""Request bodies: read whole, within the limit, also where a client compressed them."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from aiohttp import web

from copilot_api.errors import BodyTooLarge, ClientMistake, EncodingUnknown

ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""What aiohttp decodes by itself, in pieces, so that the limit also stops a small body that unpacks to a huge one."""

LARGE_BYTES = 256 * 1024
"""From here on parsing takes long enough to hold up every other stream, so it is done in a thread."""

P = ParamSpec("P")
R = TypeVar("R")


async def read_body(request: web.Request, limit_bytes: int) -> bytes:
    """The body, decoded. Raises BodyTooLarge, EncodingUnknown, ClientMistake."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ENCODINGS:
        raise EncodingUnknown(f"Content-Encoding {encoding[:40]!r} is not understood", hint="send the body plain, or as gzip")
    pieces: list[bytes] = []
    size = request.content_length or 0
    if size <= limit_bytes:
        size = 0
        try:
            while piece := await request.content.readany():
                size += len(piece)
                if size > limit_bytes:
                    break
                pieces.append(piece)
            else:
                return b"".join(pieces)
        except web.RequestPayloadError as error:
            raise ClientMistake(f"The request body cannot be read as {encoding or 'it was announced'}") from error
    mib = limit_bytes / (1024 * 1024)
    raise BodyTooLarge(f"The request body is over the limit of {mib:g} MiB", hint="body_limit_mib in the settings raises it")


async def aside(size_bytes: int, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`work(...)`, in a thread when there is much to work on."""
    if size_bytes > LARGE_BYTES:
        return await asyncio.to_thread(work, *args, **kwargs)
    return work(*args, **kwargs)
