"""What every test may use: a running sandbox, a whole service in front of it, and a watch on the event loop."""

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import aiohttp
import platformdirs
import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings as hypothesis_settings

from copilot_api.form import Form
from copilot_api.keys import KeyFile
from copilot_api.sandbox import Sandbox
from copilot_api.server.limits import Approver
from copilot_api.service import Service
from copilot_api.settings import Settings
from copilot_api.upstream import grants
from copilot_api.upstream.clock import Clock
from copilot_api.upstream.grants import Grant
from tests.builders import browser as browsers
from tests.builders import desktop, forms, netns, screen
from tests.builders.addresses import SpareAddress
from tests.builders.desktop import Desktop, bus
from tests.builders.forms import SOURCE, form_of
from tests.builders.fuzzers import Fuzzers
from tests.builders.installed import installed
from tests.builders.linters import Linters
from tests.builders.own_systemd import OwnSystemd, own_systemd
from tests.builders.own_systemd import lacking as lacking_systemd
from tests.builders.processes import SYSTEM
from tests.builders.program import Program, end
from tests.builders.screen import Screen
from tests.builders.serving import Serve, Serving, serving

# A busy machine is slow and not wrong; what hangs is ended by pytest's own limit.
hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.load_profile("patient")

# Started in the background of a script, or with nohup, this process was told to ignore them, and would tell the programs that
# it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

BACKGROUND = {
    *("account", "approvals", "copilot-token", "model-list", "stop", "today", "token-calibration"),
    *("reachability", "thrift"),
    *("connection-watch", "catching-up", "sleep-events", "network-events"),
}
"""The tasks of a service."""

# They name signals that Windows has not.
collect_ignore_glob = ["executable/*.py", "cli/test_tray*.py"] if sys.platform == "win32" else []

CLIENTS = Path(__file__).parent / "clients"
NEEDS_SYSTEMD = {"login", "has_systemd"}


class Needs(NamedTuple):
    """What is tested with these fixtures, the programs that they start, and where those come from."""

    what: str
    fixtures: set[str]
    programs: tuple[str, ...]
    packages: str


OF_A_DESKTOP = (
    Needs("the Linux keyring", {"desktop", "inside", "locked_desktop", "bare_session"}, desktop.PROGRAMS, desktop.PACKAGES),
    Needs("the tray over D-Bus", {"session_bus", "private_bus"}, ("dbus-daemon",), "dbus"),
    Needs("the tray in real bars", {"shown"}, ("dbus-daemon", *screen.PROGRAMS), f"dbus {screen.PACKAGES}"),
)
CHANGES_NETWORKS = {"spare_address", "cable"}
OF_NETWORKS = (
    Needs("networks that change", CHANGES_NETWORKS, ("ip",), "iproute2"),
    Needs("sleep", {"sleeper"}, ("faketime",), "faketime"),
    Needs("what the system says of sleep", {"real_logind"}, ("dbus-daemon", "/lib/systemd/systemd-logind"), "dbus systemd"),
    Needs("an http proxy", {"tinyproxy"}, ("tinyproxy",), "tinyproxy-bin"),
    Needs("another http proxy", {"squid"}, ("squid",), "squid"),
    Needs("a SOCKS proxy", {"microsocks"}, ("microsocks",), "microsocks"),
    Needs("another SOCKS proxy", {"danted"}, ("danted",), "dante-server"),
)
OF_A_BUILD = (
    Needs("what compiles", {"compiler"}, ("gcc", "strip", "patchelf"), "gcc libc6-dev binutils patchelf"),
    Needs("what counts instructions", {"valgrind"}, ("valgrind", "callgrind_control"), "valgrind"),
)


def _lacks(needs: Needs) -> str:
    """What keeps this machine from running those programs; "" in CI, where that is an error and no excuse."""
    if not sys.platform.startswith("linux"):
        return "they need Linux"
    if os.environ.get("CI"):
        return ""
    path = f"{os.environ.get('PATH', '')}{os.pathsep}{SYSTEM}"
    missing = [name for name in needs.programs if shutil.which(name, path=path) is None]
    return f"{' and '.join(missing)} not installed (apt-get install {needs.packages})" if missing else ""


def _lacks_systemd() -> str:
    """What keeps this machine from running a systemd of its own; "" for root in CI, where that is an error and no excuse."""
    if not sys.platform.startswith("linux"):
        return "they need Linux"
    return "" if os.environ.get("CI") and os.geteuid() == 0 else lacking_systemd()


def _may_not_hide_folders() -> str:
    """What keeps this machine from giving a program a view of its own; "" in CI, where that is an error and no excuse."""
    if sys.platform != "linux":
        return "they need Linux"
    return "" if os.environ.get("CI") or os.geteuid() == 0 else "they need root"


def _lacks_a_browser() -> str:
    """What keeps this machine from opening a web page; "" in CI, where that is an error and no excuse."""
    return "" if os.environ.get("CI") or browsers.found() else "Chromium is not installed (apt-get install chromium)"


def _lacks_certutil() -> str:
    """What keeps this machine from changing a browser's certificates; "" in CI, where that is an error and no excuse."""
    has_it = os.environ.get("CI") or shutil.which("certutil")
    return "" if has_it else "certutil is not installed (apt-get install libnss3-tools)"


def pytest_configure(config: pytest.Config) -> None:
    executable = config.getoption("--executable")
    if executable not in {"", SOURCE}:
        if not Path(executable).is_file():
            raise pytest.UsageError(f"--executable: there is no {executable}")
        config.option.executable = str(Path(executable).absolute())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What cannot be run here is left out, and the first lines of the run say so; marks come first, `-m` looks at them."""
    forms.mark(items)
    out = forms.left_out(items, config.getoption("--executable"))
    missing = {"as_root"} if _may_not_hide_folders() else set()
    missing |= {fixture for needs in (*OF_A_DESKTOP, *OF_NETWORKS, *OF_A_BUILD) if _lacks(needs) for fixture in needs.fixtures}
    missing |= NEEDS_SYSTEMD if _lacks_systemd() else set()
    missing |= {"browser"} if _lacks_a_browser() else set()
    missing |= {"nss"} if _lacks_certutil() else set()
    out += [item for item in items if missing & set(getattr(item, "fixturenames", ())) and item not in out]
    config.hook.pytest_deselected(items=out)
    dropped = {id(item) for item in out}
    items[:] = [item for item in items if id(item) not in dropped]


def pytest_report_header(config: pytest.Config) -> list[str]:
    executable = config.getoption("--executable")
    lacking = [(needs.what, reason) for needs in (*OF_A_DESKTOP, *OF_NETWORKS, *OF_A_BUILD) if (reason := _lacks(needs))]
    lines = [f"left out: the tests of {what}, {reason}" for what, reason in lacking]
    lines += [f"left out: the tests of systemd, {lacks}"] if (lacks := _lacks_systemd()) else []
    lines += [f"left out: the tests with hostile web pages, {lacks}"] if (lacks := _lacks_a_browser()) else []
    lines += [f"left out: the tests of what browsers trust, {lacks}"] if (lacks := _lacks_certutil()) else []
    if executable:
        if sys.platform != "linux":
            lines.append("left out: the tests of compiled programs, they need Linux")
        elif reason := _may_not_hide_folders():
            lines.append(f"left out: the tests that hide folders from the program, {reason}")
        return [*lines, f"black box: {executable} ({form_of(executable)}); all but behavioural tests are left out"]
    return [*lines, "left out: the tests of compiled programs, they need --executable PATH"]


class MakeService(Protocol):
    """Starts a service in front of the sandbox; the options are settings."""

    async def __call__(
        self,
        *,
        approver: Approver | None = None,
        is_attended: bool = False,
        clock: Clock | None = None,
        grant: Callable[[Settings], Awaitable[Grant]] = grants.find,
        run_folder: Path | None = None,
        is_patient: bool = False,
        **options: Any,
    ) -> Service: ...


class SettingsFor(Protocol):
    """Makes settings that point at the sandbox."""

    def __call__(self, **options: Any) -> Settings: ...


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> Iterator[BlockBuster]:
    """Any call of ours that blocks while an event loop runs is an error."""
    with blockbuster_ctx("copilot_api") as watch:
        # Where coverage is measured, threads take turns to write down what they have run: not ours to wait for.
        watch.functions["threading.Lock.acquire"].can_block_in("coverage/collector.py", "lock_data")
        yield watch


@pytest.fixture(autouse=True, scope="session")
def _nothing_of_whoever_runs_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """In this process our data folder is one of the tests': the person's own may hold API keys that services would ask for."""
    folder, home, find = tmp_path_factory.mktemp("data"), Path.home(), platformdirs.user_data_path
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            platformdirs, "user_data_path", lambda name, **how: folder / name if Path.home() == home else find(name, **how)
        )
        yield


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def client_programs() -> Path:
    """The folder of the programs that tests/clients/package-lock.json pins, and of a Node.js that is new enough for them.

    Only Claude Code's install script is run, which puts its program into place; the others would compile what nobody needs.
    """
    npm = shutil.which("npm")
    assert npm, "the client programs come from npm: install Node.js"
    pinned = [CLIENTS / name for name in ("package.json", "package-lock.json")]

    def install(folder: Path) -> None:
        folder.mkdir()
        for file in pinned:
            shutil.copy(file, folder)
        for command in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["rebuild", "@anthropic-ai/claude-code"]):
            subprocess.run([npm, *command], cwd=folder, check=True)

    return installed("clients", pinned, install) / "node_modules" / ".bin"


@pytest.fixture
def settings_for(sandbox: Sandbox) -> SettingsFor:
    """Settings that point at the sandbox, signed in."""

    def make(**options: Any) -> Settings:
        urls = {
            "github_url": sandbox.github_url,
            "github_api_url": sandbox.github_api_url,
            "copilot_url": sandbox.copilot_url,
        }
        return Settings(**{"port": 0, "drain_s": 0.2, "github_token": sandbox.grant, **urls, **options})

    return make


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    """Where a service of the test looks for API keys: not among those of whoever runs the tests."""
    return KeyFile.of(tmp_path / "kept")


@pytest.fixture
async def make_service(settings_for: SettingsFor, tmp_path: Path) -> AsyncIterator[MakeService]:
    """Services that are stopped when the test is over, and that must leave nothing behind."""
    started: list[Service] = []

    async def make(
        *,
        approver: Approver | None = None,
        is_attended: bool = False,
        clock: Clock | None = None,
        grant: Callable[[Settings], Awaitable[Grant]] = grants.find,
        run_folder: Path | None = None,
        is_patient: bool = False,
        **options: Any,
    ) -> Service:
        service = Service(
            settings_for(**options),
            approver=approver,
            is_attended=is_attended,
            clock=clock,
            grant=grant,
            run_folder=run_folder,
            kept=tmp_path / "kept",
        )
        started.append(service)
        await service.start(is_patient=is_patient)
        return service

    yield make
    for service in started:
        await service.stop()
    left = {task.get_name() for task in asyncio.all_tasks()} & BACKGROUND
    assert not left, f"tasks outlived their service: {left}"


@pytest.fixture
async def service(make_service: MakeService) -> Service:
    """A service with the default settings."""
    return await make_service()


@pytest.fixture
def private_bus(tmp_path: Path) -> Iterator[Desktop]:
    """A D-Bus session with nothing in it, for programs that the test starts."""
    with bus(tmp_path) as session:
        yield session


@pytest.fixture(scope="module")
def shown() -> Iterator[Screen]:
    """A screen that nobody sits at."""
    with screen.screen() as running:
        yield running


@pytest.fixture(scope="session")
def form(pytestconfig: pytest.Config) -> Form:
    """Which form of the program is tested."""
    return form_of(pytestconfig.getoption("--executable"))


@pytest.fixture(scope="session")
def starts(pytestconfig: pytest.Config, form: Form) -> tuple[str, ...]:
    """The command that starts the program."""
    if form is Form.SOURCE:
        return (sys.executable, "-m", "copilot_api")
    return (pytestconfig.getoption("--executable"),)


@pytest.fixture(scope="session")
def unpacked(starts: tuple[str, ...], form: Form, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment with which the one file is unpacked once for all tests, and not once for the HOME of each."""
    if form is not Form.ONE_FILE:
        return {}
    cache = {"XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    subprocess.run([*starts, "--version"], env=os.environ | cache, check=True, capture_output=True)
    return cache


@pytest.fixture
def program(tmp_path: Path, starts: tuple[str, ...], unpacked: dict[str, str]) -> Program:
    """The real program in a process of its own: not signed in, no keyring, no network but the sandbox of the test."""
    return Program.at(tmp_path, starts, **unpacked)


if sys.platform != "win32":
    from tests.builders.program import OnScreen
    from tests.builders.program import Screen as Terminal

    @pytest.fixture
    async def on_screen(program: Program) -> AsyncIterator[OnScreen]:
        """Starts the program on a terminal of its own."""
        opened: list[tuple[Terminal, int]] = []

        async def start(*arguments: str, environ: Mapping[str, str] | None = None) -> Terminal:
            outer, inner = os.openpty()
            process = await asyncio.create_subprocess_exec(
                *program.command(*arguments),
                stdin=inner,
                stdout=inner,
                stderr=inner,
                env={"TERM": "xterm", "NO_COLOR": "1", **program.environ, **(environ or {})},
                cwd=program.home,
                start_new_session=True,
            )
            os.close(inner)
            opened.append((Terminal(process, outer), outer))
            return opened[-1][0]

        yield start
        for screen, descriptor in opened:
            await end(screen.process)
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)


@pytest.fixture
async def serve(
    pytestconfig: pytest.Config,
    make_service: MakeService,
    settings_for: SettingsFor,
    starts: tuple[str, ...],
    unpacked: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Serve]:
    """Starts servers of which the test knows no more than the URL: services in this process, or what `--executable` names."""
    if not pytestconfig.getoption("--executable"):
        yield make_service
        return
    async with AsyncExitStack() as running:

        async def start(**options: Any) -> Serving:
            program = Program.at(tmp_path_factory.mktemp("server"), starts, **unpacked)
            return await running.enter_async_context(serving(program, settings_for(**options)))

        yield start


@pytest.fixture
async def server(serve: Serve) -> Serving:
    """A running server with the default settings."""
    return await serve()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that knows no dialect."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def nss() -> None:
    """For tests that change what browsers trust."""
    assert shutil.which("certutil"), "these tests need certutil: apt-get install libnss3-tools"


@pytest.fixture
def browser() -> None:
    """For tests that open web pages in a real browser."""
    assert browsers.found(), "these tests need Chromium: apt-get install chromium"


@pytest.fixture
def as_root() -> None:
    """For tests that change what a program sees of the machine, or act as another user, which only root may."""
    assert os.geteuid() == 0, "these tests need root: they hide folders from the program, or act as another user"


@pytest.fixture
def port() -> int:
    """One that is free at this moment; below those that the system gives to connections."""
    while True:
        number = random.randrange(25000, 25500)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", number))
            return number


@pytest.fixture
def has_systemd() -> None:
    """For tests that need its programs."""


@pytest.fixture
def login(tmp_path: Path) -> Iterator[OwnSystemd]:
    """A login on a machine with systemd, with the HOME that `program` has."""
    with own_systemd(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def own_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests that change the network have one of their own; it is made before what else they need, so that that is in it."""
    if CHANGES_NETWORKS.isdisjoint(request.fixturenames):
        yield
    else:
        with netns.apart():
            yield


@pytest.fixture
def spare_address(as_root: None) -> SpareAddress:
    """One that a test may take and give back."""
    return SpareAddress("10.235.255.1")


@pytest.fixture(scope="session")
def fuzzers() -> Fuzzers:
    """Installed at first use: for slow tests."""
    return Fuzzers()


@pytest.fixture(scope="session")
def linters() -> Linters:
    """Installed at first use: for slow tests."""
    return Linters()
