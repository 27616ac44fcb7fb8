"""The door for other programs of the person: the controls on an address of their own, and the file that leads there."""

import asyncio
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from copilot_api import __version__, form
from copilot_api.errors import FileUnsafe, StartFailed
from copilot_api.server.control import PREFIX, Control, Subject
from copilot_api.server.faults import HTTP_LOG
from copilot_api.server.run_file import Run, RunFile

FAREWELL_S = 1.0
"""Seconds in which those who watch must take the last status."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def opened(subject: Subject, folder: Path | None, *, port: int, url: str, since: float) -> AsyncIterator[Run]:
    """Lets other programs control `subject` while the block runs, which find it by a file in `folder`, if there is one.

    `port` and `url` are what clients use. Raises StartFailed on a machine without loopback.
    """
    secret = secrets.token_urlsafe(32)
    runner = web.AppRunner(
        Control(subject, secret).app(),
        access_log=None,
        logger=HTTP_LOG,
        handler_cancellation=True,
        auto_decompress=False,
        shutdown_timeout=FAREWELL_S,
    )
    await runner.setup()
    try:
        run = Run(
            pid=os.getpid(),
            port=port,
            url=url,
            control=await _listening(runner) + PREFIX,
            secret=secret,
            version=__version__,
            form=form.current().value,
            since=int(since),
        )
        async with _told(run, folder):
            yield run
    finally:
        await runner.cleanup()


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


async def _listening(runner: web.AppRunner) -> str:
    problem: OSError | None = None
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")):
        try:
            await web.TCPSite(runner, host, 0).start()
        except OSError as error:
            problem = error
        else:
            return f"http://{shown}:{runner.addresses[0][1]}"
    raise StartFailed("this machine has no loopback address to be controlled at") from problem
