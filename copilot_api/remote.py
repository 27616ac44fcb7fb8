"""A service in another process: found by the file that it leaves, and held like one of our own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import aiohttp

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.read import obj, string
from copilot_api.dialects.sse import SseDecoder
from copilot_api.errors import CopilotApiError, NotServing, StartFailed
from copilot_api.server.approvals import Decision
from copilot_api.server.control import HEARTBEAT_S
from copilot_api.server.listening import PORT_IN_USE
from copilot_api.server.occupant import occupant
from copilot_api.server.run_file import Run, is_gone, runs
from copilot_api.server.status import Listener, Phase, Status, heard

WITHIN_S = 3.0
"""Seconds in which a server on this machine must answer."""

PROMPT_S = 70.0
"""The same where it may have to wait for a person who unlocks the keyring."""

SILENT_S = 2.5 * HEARTBEAT_S
AGAIN_S = 1.0


class Remote:
    """Another process's service, by the file that tells of it; a `Handle`. `status` is what it last said.

    What it is asked and does not answer raises NotServing, and so does an answer that is none of ours.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status = Status(pid=run.pid, version=run.version, url=run.url)
        self._listeners: list[Listener] = []

    @property
    def url(self) -> str:
        """The base URL for clients, without a trailing slash."""
        return self.run.url

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with each new status, on the loop's thread. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def ask(self) -> Status:
        """How it is now."""
        self._publish(_status(await self._call("GET", "/status")))
        return self.status

    async def follow(self) -> None:
        """Tells the listeners of each change until it serves no more, however it ends, and then returns."""
        while not self._is_over:
            try:
                await self._watch()
            except CopilotApiError:
                if await asyncio.to_thread(is_gone, self.run.pid) or not await self.is_there():
                    self._publish_the_end()
                    return
            if not self._is_over:
                await asyncio.sleep(AGAIN_S)

    async def stop(self) -> None:
        """Lets it stop, and returns when it has."""
        await self._end("/stop")

    async def hurry(self) -> None:
        """Lets it stop at once, also while it is stopping, and returns when it has."""
        await self._end("/hurry")

    async def approve(self, waiting_id: str, decision: Decision) -> bool:
        """Decides on a request that waits; False when it does not wait any more."""
        return (await self._call("POST", "/approve", {"id": waiting_id, "decision": decision})).get("done") is True

    async def ask_again(self, client: str) -> bool:
        """Takes back that `client` needs no approval; whether it needed none."""
        return (await self._call("POST", "/ask-again", {"client": client})).get("done") is True

    async def look_again(self) -> None:
        """The person has signed in, out or anew: lets it go by what it finds now."""
        await self._call("POST", "/look-again", within_s=PROMPT_S)

    async def is_there(self) -> bool:
        """Whether something listens at its address, be it that it does not answer at the moment."""
        host, _, port = self.run.control.removeprefix("http://").partition("/")[0].rpartition(":")
        try:
            async with asyncio.timeout(WITHIN_S):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except TimeoutError:
            return True
        except OSError:
            return False
        writer.close()
        return True

    async def _end(self, path: str) -> None:
        try:
            self._publish(_status(await self._call("POST", path)))
        except NotServing:
            if await self.is_there():
                raise
            self._publish_the_end()
        else:
            await self.follow()

    @property
    def _is_over(self) -> bool:
        return self.status.phase is Phase.STOPPED

    async def _watch(self) -> None:
        """Tells of changes until the connection ends."""
        patience = aiohttp.ClientTimeout(total=None, connect=WITHIN_S, sock_read=SILENT_S)
        decoder = SseDecoder()
        async with self._asked("GET", "/watch", patience) as response:
            async for chunk in response.content.iter_any():
                for frame in decoder.feed(chunk):
                    if frame.data:
                        self._publish(_status(obj(loads(frame.data))))

    async def _call(self, method: str, path: str, body: Json | None = None, *, within_s: float = 0.0) -> Json:
        async with self._asked(method, path, aiohttp.ClientTimeout(total=within_s or WITHIN_S), body) as response:
            return obj(loads(await response.read()))

    @asynccontextmanager
    async def _asked(
        self, method: str, path: str, patience: aiohttp.ClientTimeout, body: Json | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Its answer. Raises NotServing for none, also while it is read; and the problem that it tells of."""
        headers = {"Authorization": f"Bearer {self.run.secret}"}
        data = None if body is None else dumps(body)
        try:
            async with (
                # Never through a network proxy, which would learn the secret.
                aiohttp.ClientSession(timeout=patience, headers=headers, trust_env=False) as http,
                http.request(method, self.run.control + path, data=data, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise _problem(response.status, await response.read())
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotServing(
                f"The server in process {self.run.pid} does not answer", hint="look whether that process still runs"
            ) from error

    def _publish_the_end(self) -> None:
        ended = {"phase": Phase.STOPPED, "url": "", "address": "", "active": 0, "waiting": ()}
        self._publish(replace(self.status, **ended))  # type: ignore[arg-type] # a line above

    def _publish(self, status: Status) -> None:
        if status == self.status:
            return
        self.status = status
        for listener in tuple(self._listeners):
            listener(status)


async def find(folders: Iterable[Path], *, port: int | None = None) -> list[Remote]:
    """The servers of the person that run and answer, of one port or of all, by their ports."""
    found = [Remote(run) for run in await asyncio.to_thread(lambda: list(runs(folders, port=port)))]
    answers = await asyncio.gather(*(remote.ask() for remote in found), return_exceptions=True)
    there = {remote.run.control: remote for remote, answer in zip(found, answers, strict=True) if isinstance(answer, Status)}
    return sorted(there.values(), key=lambda remote: remote.run.port)


async def missing(folders: Iterable[Path], *, port: int | None = None) -> NotServing:
    """Why `find` finds none."""
    for run in await asyncio.to_thread(lambda: list(runs(folders, port=port))):
        if not is_gone(run.pid) and await Remote(run).is_there():
            return NotServing(
                f"the server on port {run.port} does not answer", hint=f"wait a little, or end its process {run.pid}"
            )
    return NotServing("no copilot-api is serving" + (f" on port {port}" if port else ""), hint="run copilot-api start")


async def told_of_sign_in(folders: Iterable[Path]) -> list[Remote]:
    """Lets every server of the person's know that somebody signed in or out here; gives those that do."""
    found = await find(folders)
    answers = await asyncio.gather(*(remote.look_again() for remote in found), return_exceptions=True)
    return [remote for remote, answer in zip(found, answers, strict=True) if answer is None]


async def named(problem: StartFailed, folders: Iterable[Path], *, port: int) -> StartFailed:
    """A port in use with the name of who has it, if that can be known; any other problem as it is."""
    if problem.code != PORT_IN_USE:
        return problem
    ours = next(iter(await find(folders, port=port)), None)
    elsewhere = f"pass --port {port % 65535 + 1}"
    if ours is not None:
        who = f"copilot-api (process {ours.run.pid}, since {moment(ours.status.since or ours.run.since)})"
        hint = f"run copilot-api stop --port {port}, or {elsewhere}"
    else:
        who, hint = await asyncio.to_thread(occupant, port), elsewhere
    if not who:
        return problem
    explained = StartFailed(f"{problem.message} by {who}", hint=hint)
    explained.code = PORT_IN_USE
    return explained


def moment(unix_s: float) -> str:
    """A time of the past in local time: the hour alone if it was today."""
    then, now = datetime.fromtimestamp(unix_s).astimezone(), datetime.now().astimezone()
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"


def _status(body: Json) -> Status:
    try:
        return heard(body)
    except ValueError as error:
        raise NotServing("What the server tells is not understood here", hint="update this program, or that one") from error


def _problem(status: int, body: bytes) -> CopilotApiError:
    """What it says is wrong, as ours again."""
    error = obj(obj(loads(body)).get("error"))
    if status == 403 or not string(error.get("message")):
        return NotServing("What answers there is none of ours", hint="run copilot-api status")
    problem = CopilotApiError(string(error.get("message")))
    problem.status, problem.code = status, string(error.get("code"))
    return problem
