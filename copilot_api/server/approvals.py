"""`--manual`: the requests that wait for the person, and the clients for which the person has decided beforehand.

One owner, many places to decide at: the terminal, the tray, the control routes. Whoever is first has decided.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

from copilot_api.dialects.codec import dumps, loads
from copilot_api.dialects.read import obj, strings
from copilot_api.errors import FileUnsafe, SlowDown
from copilot_api.private_files import PrivateFile
from copilot_api.server.limits import Approver, Summary
from copilot_api.server.thorough import to_the_end
from copilot_api.upstream.clock import Clock, nap

FILE_NAME = "approvals.json"
TEN_MINUTES_S = 600.0
MOST_WAITING = 64
"""Each holds its request in memory."""

MOST_KEPT = 200
NAME_LENGTH = 40
SLICE_S = 15.0
"""How late it may be told that ten minutes are over; the decision itself is never late."""

UNNAMED = "an unnamed client"

Decision = Literal["once", "ten-minutes", "always", "refuse"]
"""What the person says of a request that waits: let it pass; and its client for ten minutes; and from now on; or not at all."""

DECISIONS: tuple[Decision, ...] = get_args(Decision)

_NAME = re.compile(r"[A-Za-z0-9._@+-]+")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A request that waits for the person's decision (`--manual`). `client` is its program's name, never empty."""

    id: str
    client: str
    model: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Entry:
    waiting: Waiting
    summary: Summary
    decided: "asyncio.Future[bool]" = field(repr=False)


class Approvals:
    """Owns who waits and who need not. `asker`, where there is one, is asked about one request at a time, the oldest first.

    `changed` is called whenever `waiting` or `approved` become others. What holds for always is kept in the file at `path`, if
    there is one: names of programs, nothing else.
    """

    def __init__(
        self, clock: Clock, *, asker: Approver | None = None, path: Path | None = None, changed: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._asker = asker
        self._file = PrivateFile(path) if path else None
        self._changed = changed
        self._entries: dict[str, _Entry] = {}
        self._ids = count(1)
        self._always: set[str] = set()
        self._until: dict[str, tuple[float, float]] = {}
        self._desk = asyncio.Lock()
        self._stirred = asyncio.Event()
        self._unkept: dict[str, bool] = {}

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """The requests that wait, the oldest first."""
        return tuple(entry.waiting for entry in self._entries.values())

    @property
    def approved(self) -> tuple[str, ...]:
        """The clients that need no approval at the moment."""
        return tuple(sorted(self._always | {client for client in self._until if self._may_still(client)}))

    async def approve(self, summary: Summary) -> bool:
        """Whether the request may go on, once that is decided. Raises SlowDown where too many wait."""
        client = program(summary.client)
        if self._needs_none(client):
            return True
        if len(self._entries) >= MOST_WAITING:
            raise SlowDown(f"{MOST_WAITING} requests wait for approval already", retry_after_s=10, hint="decide on those first")
        waiting = Waiting(id=str(next(self._ids)), client=client, model=summary.model, size_bytes=summary.size_bytes)
        entry = _Entry(waiting, summary, asyncio.get_running_loop().create_future())
        self._entries[waiting.id] = entry
        self._changed()
        try:
            return await self._answer(entry)
        finally:
            del self._entries[waiting.id]
            self._changed()

    def decide(self, waiting_id: str, decision: Decision) -> bool:
        """Decides on a request that waits; False when it does not, because somebody was faster or its client has left."""
        entry = self._entries.get(waiting_id)
        if entry is None or entry.decided.done():
            return False
        entry.decided.set_result(decision != "refuse")
        if decision in {"ten-minutes", "always"}:
            self._stand(entry.waiting.client, decision)
        return True

    def ask_again(self, client: str) -> bool:
        """Takes back that `client` needs no approval; whether it needed none."""
        if client not in self.approved:
            return False
        self._until.pop(client, None)
        if client in self._always:
            self._always.remove(client)
            self._unkept[client] = False
        self._stirred.set()
        self._changed()
        return True

    async def load(self) -> None:
        """Reads what holds for always."""
        await self._keep()

    async def run(self) -> None:
        """The body of a background task: keeps what holds for always, and tells when ten minutes are over."""
        try:
            while True:
                await (nap(self._clock, SLICE_S, self._stirred) if self._until else self._stirred.wait())
                self._stirred.clear()
                self._forget_what_is_over()
                if self._unkept:
                    await self._keep()
        finally:
            if self._unkept:
                await self._keep()

    async def _answer(self, entry: _Entry) -> bool:
        if self._asker is None:
            return await entry.decided
        asking = asyncio.gather(self._ask(entry, self._asker))
        either: set[asyncio.Future[Any]] = {asking, entry.decided}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        return entry.decided.result() if entry.decided.done() else asking.result()[0]

    async def _ask(self, entry: _Entry, asker: Approver) -> bool:
        async with self._desk:
            return await asker.approve(entry.summary)

    def _stand(self, client: str, decision: Decision) -> None:
        """From now on `client` needs no approval, and its requests that wait already pass."""
        if decision == "always":
            self._always.add(client)
            self._unkept[client] = True
        else:
            self._until[client] = (self._clock.monotonic(), self._clock.wall())
        for entry in self._entries.values():
            if entry.waiting.client == client and not entry.decided.done():
                entry.decided.set_result(True)
        self._stirred.set()
        self._changed()

    def _needs_none(self, client: str) -> bool:
        return client in self._always or self._may_still(client)

    def _may_still(self, client: str) -> bool:
        """Whether the ten minutes are not over: the clock that counted more is right, the other one slept or was set back."""
        since = self._until.get(client)
        if since is None:
            return False
        return max(self._clock.monotonic() - since[0], self._clock.wall() - since[1]) < TEN_MINUTES_S

    def _forget_what_is_over(self) -> None:
        over = [client for client in self._until if not self._may_still(client)]
        for client in over:
            del self._until[client]
        if over:
            self._changed()

    async def _keep(self) -> None:
        """Brings what was decided into the file, and takes over what it holds: another server may have written there."""
        if self._file is None:
            self._unkept.clear()
            return
        unkept, self._unkept = self._unkept, {}
        try:
            kept = await to_the_end(_merged, self._file, unkept)
        except FileUnsafe as problem:
            _log.warning("which clients need no approval is forgotten when this ends: %s", problem.text)
            return
        since = self._unkept  # decided while that was written
        always = {name for name in kept if since.get(name, True)} | {name for name, holds in since.items() if holds}
        if always != self._always:
            self._always = always
            self._changed()


def _merged(file: PrivateFile, decided: Mapping[str, bool]) -> set[str]:
    if not decided:
        return _names(file.read())
    with file.held():
        names = {name for name in _names(file.read()) if name not in decided} | {name for name in decided if decided[name]}
        file.write(dumps({"always": sorted(names)}))
    return names


def _names(data: bytes | None) -> set[str]:
    try:
        names = strings(obj(loads(data)).get("always")) if data else []
    except ValueError:
        names = []
    return {name for name in names[:MOST_KEPT] if 0 < len(name) <= NAME_LENGTH}


def program(user_agent: str) -> str:
    """The short name of a client's program, such as claude-cli: what its User-Agent begins with, never empty."""
    found = _NAME.match(user_agent.strip())
    return found[0][:NAME_LENGTH] if found else UNNAMED
