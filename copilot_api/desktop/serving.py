"""Serving as the person wants it: by a service of our own, or by another process's that was there first, which is adopted.

What is wanted is a target; reality is brought to it, one step after the other, however fast somebody clicks.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from copilot_api.desktop.faults import noted
from copilot_api.errors import CopilotApiError, StartFailed
from copilot_api.race import first
from copilot_api.remote import find, named
from copilot_api.server.control import Handle
from copilot_api.server.status import Phase, Status
from copilot_api.service import Service
from copilot_api.settings import Settings, run_folders
from copilot_api.thrift import settle

LOOK_S = 5.0
"""Seconds between two looks for a server that a terminal may have started while nothing is served here."""


class Serving:
    """Owns what serves. `load` reads the settings of the next start, and blocks; `changed` is called with every change.

    `status` is how it is or last was, `served_by` the process that serves instead of us, `unserved` why nothing does although
    it was wanted.
    """

    def __init__(self, load: Callable[[], Settings], changed: Callable[[], None]) -> None:
        self._load = load
        self._changed = changed
        self._is_wanted = asyncio.Event()
        self._is_to_end = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self.handle: Handle | None = None
        self.status = Status(phase=Phase.STOPPED)
        self.served_by: int | None = None
        self.unserved = ""

    def want(self, *, serving: bool) -> None:
        """What the person wants from now on."""
        if serving:
            self._is_to_end.clear()
            self._is_wanted.set()
        else:
            self._is_wanted.clear()
            self._is_to_end.set()

    def begin_again(self) -> None:
        """Other settings hold: what serves for us ends and begins with them. What another process serves stays as it is."""
        if self._is_wanted.is_set() and self.served_by is None:
            self._is_to_end.set()

    async def run(self) -> None:
        """Serves while it is wanted, and shows what others serve; until cancelled."""
        while True:
            handle = await self._opened() if self._is_wanted.is_set() else await self._adopted()
            if handle is not None:
                await self._hold(handle)
            if not self._is_wanted.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._is_wanted.wait()

    async def end(self) -> None:
        """Lets what we serve finish. What another process serves is its own."""
        self.want(serving=False)
        if self.served_by is None:
            await self._is_idle.wait()

    async def hurry(self) -> None:
        """Ends what we serve at once, also while it is stopping."""
        if self.handle is not None and self.served_by is None:
            await self.handle.hurry()

    async def _opened(self) -> Handle | None:
        """What serves from now on; None when nothing can, and `unserved` then says why."""
        self._is_idle.clear()
        self._is_to_end.clear()
        self._note("")
        try:
            settings = await asyncio.to_thread(self._load)
            return await self._adopted() or await self._started(settings)
        except CopilotApiError as problem:
            self._fail(problem)
        except Exception as error:  # noqa: BLE001 - a task's top: the tray goes on and says so
            self._fail(noted(error, "starting to serve"))
        self._is_idle.set()
        return None

    async def _started(self, settings: Settings) -> Handle:
        folders = await asyncio.to_thread(run_folders)
        service = Service(settings, is_attended=True, run_folder=folders[0])
        self.handle = service
        end = service.subscribe(self._heard)
        try:
            await service.start(is_patient=True)
        except StartFailed as problem:
            raise await named(problem, folders, port=settings.port) from problem
        finally:
            end()
        await asyncio.to_thread(settle)
        return service

    async def _adopted(self) -> Handle | None:
        """The server of another process at our port, if there is one."""
        try:
            port = (await asyncio.to_thread(self._load)).port
        except CopilotApiError:  # of settings that cannot be used is told when something is to be served
            return None
        remote = next(iter(await find(await asyncio.to_thread(run_folders), port=port)), None)
        if remote is not None:
            self.served_by = remote.run.pid
        return remote

    async def _hold(self, handle: Handle) -> None:
        """Shows it until it serves no more, which is when it is not wanted, or when somebody else has stopped it."""
        if self.served_by is not None:
            self._is_to_end.clear()  # whoever wanted an end until now did not mean this one
        self.handle = handle
        end = handle.subscribe(self._heard)
        self._heard(handle.status)
        try:
            await first(handle.follow(), self._is_to_end.wait())
            if not self._is_to_end.is_set():  # it has ended by itself, and is not begun again behind anybody's back
                self._is_wanted.clear()
            await handle.stop()
        except CopilotApiError as problem:  # another process's that does not answer
            self._note(problem.text)
        finally:
            end()
            self._release(handle)

    def _release(self, handle: Handle) -> None:
        self.handle, self.served_by = None, None
        self.status = replace(handle.status, phase=Phase.STOPPED, url="", address="", active=0, waiting=())
        self._is_idle.set()
        self._changed()

    def _heard(self, status: Status) -> None:
        self.status = status
        self._changed()

    def _fail(self, problem: CopilotApiError) -> None:
        self.want(serving=False)
        self.handle = None
        self.status = replace(self.status, phase=Phase.STOPPED, url="", address="")
        self._note(problem.text)

    def _note(self, unserved: str) -> None:
        self.unserved = unserved
        self._changed()
