"""The door for other programs of the person: the controls on an address of their own, and the file that leads there."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from copilot_api import __version__, form
from copilot_api.errors import FileUnsafe, StartFailed
from copilot_api.server.control import PREFIX, Control, Subject
from copilot_api.server.run_file import Run, RunFile
from copilot_api.server.serving import served
from copilot_api.settings import Settings

MOST_CONNECTIONS = 64
"""Enough for all who watch, and those who ask; beyond that the longest unused makes room, as at the door of clients."""

FAREWELL_S = 1.0
"""Seconds in which those who watch must take the last status."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def opened(subject: Subject, folder: Path | None, *, port: int, url: str, since: float) -> AsyncIterator[Run]:
    """Lets other programs control `subject` while the block runs, which find it by a file in `folder`, if there is one.

    `port` and `url` are what clients use. Raises StartFailed on a machine without loopback.
    """
    secret = secrets.token_urlsafe(32)
    app = Control(subject, secret).app()
    bounds = Settings(max_connections=MOST_CONNECTIONS)
    async with _bound() as (bound, address), served(app, [bound], bounds, farewell_s=FAREWELL_S):
        run = Run(
            pid=os.getpid(),
            port=port,
            url=url,
            control=address + PREFIX,
            secret=secret,
            version=__version__,
            form=form.current().value,
            since=int(since),
        )
        async with _told(run, folder):
            yield run


@asynccontextmanager
async def _told(run: Run, folder: Path | None) -> AsyncIterator[None]:
    """Keeps the file there. A server that is not found serves all the same."""
    file = RunFile(folder, run) if folder else None
    try:
        if file is not None:
            await asyncio.to_thread(file.write)
    except FileUnsafe as problem:
        _log.info("copilot-api status and stop will not find this server: %s", problem.text)
        file = None
    try:
        yield
    finally:
        if file is not None:
            with suppress(FileUnsafe):  # what stays behind leads nowhere
                await asyncio.to_thread(file.remove)


@asynccontextmanager
async def _bound() -> AsyncIterator[tuple[socket.socket, str]]:
    """A socket on whatever loopback address there is, and the URL of it."""
    problem: OSError | None = None
    families = (("127.0.0.1", "127.0.0.1", socket.AF_INET), ("::1", "[::1]", socket.AF_INET6))
    for host, shown, family in families:
        try:
            bound = socket.create_server((host, 0), family=family)
        except OSError as error:
            problem = error
            continue
        with bound:
            bound.setblocking(False)
            yield bound, f"http://{shown}:{bound.getsockname()[1]}"
        return
    raise StartFailed("this machine has no loopback address to be controlled at") from problem
