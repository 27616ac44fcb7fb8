"""What `copilot-api start` does: starts the service, says how to use it, and ends it as the person wants."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from copilot_api import console, form, leftovers, own_process, ready, session, settings
from copilot_api.cli import secrecy
from copilot_api.cli.approval import TerminalApprover
from copilot_api.cli.models import why_not
from copilot_api.cli.terminal import Terminal
from copilot_api.desktop import clipboard
from copilot_api.dialects.models import Model
from copilot_api.errors import NotSignedIn, StartFailed
from copilot_api.keys import KeyFile
from copilot_api.remote import named
from copilot_api.server.connections import descriptors_for
from copilot_api.server.status import Phase, Status
from copilot_api.service import Service
from copilot_api.settings import Settings
from copilot_api.setup import shell
from copilot_api.setup.claude_code import launch, variables
from copilot_api.thrift import settle
from copilot_api.upstream.auth import Signed, Token

ANY_KEY = "dummy"
CLAUDE_CODE = "claude-code"
INTERRUPTED = 130
SHOWN_MODELS = 6
SETTLES_WITHIN_S = 3.0


async def serve(loaded: Settings, *, claude_code: bool) -> int:
    """Serves until a signal comes; gives the exit code: 0, or 130 when a second one did not let open requests finish.

    Raises what `Service.start` raises, and StartFailed where a question would need a terminal.
    """
    terminal = Terminal() if console.is_interactive() else None
    if claude_code and terminal is None:
        raise StartFailed("--claude-code asks for two models, which needs a terminal", hint="start copilot-api in a terminal")
    secrecy.keep(loaded)
    own_process.raise_descriptors(descriptors_for(loaded.max_connections))
    service = await _started(loaded, terminal)
    kept = ExitStack()
    try:
        with _signals(service) as stop:
            if loaded.patient:
                await stop.unless_wanted(_settled(service))
            await _greet(service)
            ready.tell(ready.READY, f"STATUS=serving at {service.url}")
            if folder := form.unpacked():
                await asyncio.to_thread(_tidy, folder, kept)
            settle()
            if claude_code and terminal is not None:
                await stop.unless_wanted(_offer_claude_code(service, terminal))
            await stop.wanted.wait()
            ready.tell(ready.STOPPING)
            await service.stop()
            if stop.hurried is None:
                return 0
            await stop.hurried
            return INTERRUPTED
    finally:
        await service.stop()
        kept.close()


def _tidy(folder: Path, kept: ExitStack) -> None:
    """Sees to the cache of the one file: its own version stays while it runs, others go."""
    kept.enter_context(leftovers.held(folder))
    leftovers.sweep(folder)


async def _started(loaded: Settings, terminal: Terminal | None) -> Service:
    """A service that serves. With a terminal, a missing sign-in is made up for, as copilot-api 0.7 did."""
    try:
        return await _start(loaded, terminal)
    except NotSignedIn as problem:
        if terminal is None or loaded.github_token or loaded.sandbox:
            raise
        console.warn(problem.message)
        from copilot_api.account import account
        from copilot_api.cli.sign_in import sign_in

        async with account(loaded) as opened:
            await sign_in(opened, terminal)
    return await _start(loaded, terminal)


async def _start(loaded: Settings, terminal: Terminal | None) -> Service:
    service = Service(
        loaded,
        approver=TerminalApprover(terminal) if terminal is not None else None,
        announce=_show if loaded.show_token else None,
        run_folder=settings.run_folders()[0],
    )
    try:
        await service.start(is_patient=loaded.patient)
    except StartFailed as problem:
        raise await named(problem, settings.run_folders(), port=loaded.port) from problem
    return service


def _show(token: Token) -> None:
    console.say(f"Copilot token: {token.value}")


async def _settled(service: Service) -> None:
    """Gives a patient start the moment that it takes to know how things are. It serves meanwhile."""
    known = asyncio.Event()

    def look(status: Status) -> None:
        if status.reason or (status.models and status.login):
            known.set()

    end = service.subscribe(look)
    look(service.status)
    try:
        async with asyncio.timeout(SETTLES_WITHIN_S):
            await known.wait()
    except TimeoutError:
        return
    finally:
        end()


async def _greet(service: Service) -> None:
    """What is served, for whom, and how to point a client at it."""
    loaded, url = service.settings, service.url
    if loaded.show_token and service.status.signed is Signed.IN:
        console.say(f"GitHub token: {(await service.auth.grant()).value}")
    for variable in settings.strangers():
        console.warn(f"{variable} is not one of our variables, so it has no effect")
    if loaded.sandbox:
        console.say("this is the sandbox: its answers are simulated, nothing leaves this machine, nothing is billed")
    usable = [model.id for model in service.catalog.known.values() if model.kind == "chat" and not why_not(model)]
    more = f" and {len(usable) - SHOWN_MODELS} more" if len(usable) > SHOWN_MODELS else ""
    console.say(f"serving GitHub Copilot{' of ' + service.status.login if service.status.login else ''} at {url}")
    console.say(f"  Anthropic clients  ANTHROPIC_BASE_URL={url}")
    console.say(f"  OpenAI clients     OPENAI_BASE_URL={url}/v1")
    console.say(f"  API key            {'one of yours' if service.asks_for_a_key else f'any, such as {ANY_KEY}'}")
    if loaded.https:
        console.say(f"  https, too         https://localhost:{url.rpartition(':')[2]}")
    if usable:
        console.say(f"  models             {', '.join(usable[:SHOWN_MODELS])}{more}")
    elif service.status.reason:
        console.warn(service.status.reason)
    else:
        why = "GitHub has not answered yet" if loaded.patient else "no model of this account can be used"
        console.warn(why, hint="copilot-api status says how it is")
    if not session.notify_socket():
        console.say("press Ctrl-C to stop")


async def _offer_claude_code(service: Service, terminal: Terminal) -> None:
    """Two questions, then the command that starts Claude Code here, on the clipboard or on the terminal."""
    models = {m.id: m for m in service.catalog.known.values() if m.kind == "chat" and not why_not(m)}
    names = list(models)
    if not names:
        raise StartFailed("no model of this account can be used with Claude Code", hint="copilot-api models says why")
    main = await terminal.select("main model for Claude Code", names, default=_likely(names, "sonnet"))
    small = await terminal.select("small, fast model", names, default=_likely(names, "haiku", "mini"))
    command = await _command(service, models[main], models[small])
    if await asyncio.to_thread(clipboard.copy, command):
        console.say("the command that starts Claude Code is on the clipboard: paste it into another terminal")
        return
    console.warn("there is no clipboard here", hint="paste this into another terminal")
    console.data(command)


async def _command(service: Service, main: Model, small: Model) -> str:
    pairs = variables(url=service.url, key=await _key(service), main=main, small=small)
    return launch(shell.detect(), pairs)


async def _key(service: Service) -> str:
    """A key for Claude Code. Those that `copilot-api keys` made cannot be told any more, so it gets one of its own."""
    if service.settings.api_keys or not service.asks_for_a_key:
        return next(iter(service.settings.api_keys), ANY_KEY)
    console.say(f"a new API key named {CLAUDE_CODE} is in the command; an earlier one of that name is revoked")
    return await asyncio.to_thread(KeyFile.of(settings.data_dir()).renew, CLAUDE_CODE)


def _likely(names: list[str], *words: str) -> int:
    """The place of the first name with one of `words` in it, the first word first; 0 when there is none."""
    return next((place for word in words for place, name in enumerate(names) if word in name), 0)


class _Stop:
    """What the signals have asked for so far: the first to stop, the second to stop at once."""

    def __init__(self, service: Service) -> None:
        self.wanted = asyncio.Event()
        self.hurried: asyncio.Future[tuple[None]] | None = None
        self._service = service
        self._work: asyncio.Future[tuple[None]] | None = None
        service.subscribe(self._heed)

    async def unless_wanted(self, work: Coroutine[object, object, None]) -> None:
        """Does `work`, which the first signal cancels."""
        self._work = asyncio.gather(work)
        await asyncio.wait([self._work])
        with suppress(asyncio.CancelledError):  # the signal's; one of our own comes out of the wait
            self._work.result()

    def ask(self) -> None:
        """One more signal."""
        active = self._service.status.active
        if self.wanted.is_set():
            if self.hurried is None:
                console.say_to_whom_may_have_left("stopping at once")
                self.hurried = asyncio.gather(self._service.hurry())
            return
        limit_s = self._service.settings.drain_s
        waits = f"; open requests ({active}) get up to {limit_s:g} s to finish, Ctrl-C again stops at once" if active else ""
        console.say_to_whom_may_have_left(f"stopping{waits}")
        self._begin()

    def _heed(self, status: Status) -> None:
        """Another program of the person's may have asked for it first."""
        if status.phase is Phase.STOPPING and not self.wanted.is_set():
            console.say_to_whom_may_have_left("stopping, as another program of yours asked")
            self._begin()

    def _begin(self) -> None:
        self.wanted.set()
        if self._work is not None:
            self._work.cancel()


@contextmanager
def _signals(service: Service) -> Iterator[_Stop]:
    """Ctrl-C, Ctrl-Break, the terminate signal and a closed terminal, on every system, for as long as the block runs."""
    stop, loop = _Stop(service), asyncio.get_running_loop()

    def heard(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.ask)

    # Not loop.add_signal_handler, which Windows does not have.
    names = ("SIGINT", "SIGTERM", "SIGBREAK") if _outlives_its_terminal() else ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, heard) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _outlives_its_terminal() -> bool:
    """Whether it was started with nohup."""
    return hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
