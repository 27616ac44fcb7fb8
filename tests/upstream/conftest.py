"""What the tests of this room share: a clock that is set by hand, and a real Secret Service in a D-Bus session of its own."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

import copilot_api
from copilot_api.errors import KeyringUnusable
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity


class FakeClock:
    """Time that passes when it is told to. Whoever sleeps is woken in order; `slept` is what each asked for."""

    def __init__(self) -> None:
        self._monotonic = 1000.0
        self._wall = 1_790_000_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> float:
        return self._wall

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, future))
        await future

    @property
    def sleepers(self) -> int:
        """How many wait for time to pass."""
        return sum(not future.done() for _, future in self._sleepers)

    def advance(self, seconds: float) -> None:
        """The machine is awake for that long."""
        self._monotonic += seconds
        self._wall += seconds
        due = [future for when, future in self._sleepers if when <= self._monotonic]
        self._sleepers = [(when, future) for when, future in self._sleepers if when > self._monotonic]
        for future in due:
            if not future.done():
                future.set_result(None)

    def suspend(self, seconds: float) -> None:
        """The machine sleeps for that long: only the wall clock notices."""
        self._wall += seconds

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the clock, by that much."""
        self._wall += seconds


class BriskClock(FakeClock):
    """Time that passes at once when somebody sleeps."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass
class FakeSecrets:
    """A vault in memory."""

    token: str | None = None
    name: str = "memory"
    written: list[str] = field(default_factory=list)

    def read(self) -> str | None:
        return self.token

    def write(self, token: str) -> None:
        self.written.append(token)
        self.token = token

    def erase(self) -> bool:
        was, self.token = self.token, None
        return was is not None


class Eventually(Protocol):
    """Waits, in real time, until a fact holds; fails when it never does."""

    async def __call__(self, fact: Callable[[], bool]) -> None: ...


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    async def wait(fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not fact():  # noqa: ASYNC110 - the facts lie in other programs, which set no event
                await asyncio.sleep(0.002)

    return wait


@pytest.fixture(scope="session")
def new_clock() -> Callable[[], FakeClock]:
    return FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def brisk() -> BriskClock:
    return BriskClock()


@pytest.fixture
def secrets() -> FakeSecrets:
    return FakeSecrets()


@pytest.fixture
def locked() -> FakeSecrets:
    """A vault that nobody unlocks."""

    class Locked(FakeSecrets):
        def read(self) -> str | None:
            raise KeyringUnusable("The keyring is locked")

    return Locked()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def github_for(http: aiohttp.ClientSession) -> Callable[[Settings], GitHub]:
    """Puts a GitHub together from settings, as the program does."""
    return lambda settings: GitHub(http, Hosts.of(settings), Identity(settings), settings)


@pytest.fixture
async def lab() -> AsyncIterator[Sandbox]:
    """A running sandbox whose device flow waits for nothing."""
    async with Sandbox(poll_interval_s=0) as sandbox:
        yield sandbox


@pytest.fixture
def lab_settings(lab: Sandbox) -> Settings:
    """Settings that point at the sandbox."""
    return Settings(github_url=lab.github_url, github_api_url=lab.github_api_url, copilot_url=lab.copilot_url)


@pytest.fixture
def github(github_for: Callable[[Settings], GitHub], lab_settings: Settings) -> GitHub:
    """GitHub as the sandbox plays it."""
    return github_for(lab_settings)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private home folder, which the environment of this test names."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@dataclass(frozen=True)
class Desktop:
    """A D-Bus session. `environment` is what a program in that session sees."""

    home: Path
    environment: dict[str, str]

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        """Runs Python in a process of its own, as another program of this session would."""
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(copilot_api.__file__).parent.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
        )

    def files_with(self, text: str) -> list[Path]:
        """The files of this home that hold `text`."""
        return [path for path in self.home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def _environment(home: Path, address: str) -> dict[str, str]:
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "COVERAGE_PROCESS_START"}}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "DBUS_SESSION_BUS_ADDRESS": address}


# The session's own configuration could start services; here nothing runs but what the test starts.
_BUS = """<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"""


@contextmanager
def _bus(home: Path) -> Iterator[Desktop]:
    config = home / "session.conf"
    config.write_text(_BUS)
    daemon = subprocess.Popen(
        [_program("dbus-daemon"), f"--config-file={config}", "--nofork", "--print-address=1"],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(home, ""),
    )
    assert daemon.stdout
    with daemon.stdout, _ending(daemon):
        yield Desktop(home, _environment(home, daemon.stdout.readline().strip()))


@contextmanager
def _keyring(bus: Desktop) -> Iterator[Desktop]:
    daemon = subprocess.Popen(
        [_program("gnome-keyring-daemon"), "--unlock", "--components=secrets", "--foreground"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=bus.environment,
    )
    assert daemon.stdin
    with _ending(daemon):
        daemon.stdin.write(b"the password of this keyring")
        daemon.stdin.close()
        ends = time.monotonic() + 20
        ready = "import secretstorage as s; s.get_default_collection(s.dbus_init()).get_label()"
        while bus.run(ready).returncode:
            assert time.monotonic() < ends, "gnome-keyring does not come up"
            time.sleep(0.1)
        yield bus


@contextmanager
def _ending(process: "subprocess.Popen[Any]") -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def bare_session(tmp_path: Path) -> Iterator[Desktop]:
    """A D-Bus session without a keyring."""
    with _bus(tmp_path) as bus:
        yield bus


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """A session with gnome-keyring, open and new; shared, so a test takes away what it puts in."""
    with _bus(tmp_path_factory.mktemp("desktop")) as bus, _keyring(bus):
        yield bus


@pytest.fixture
def locked_desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A session whose keyring is locked, and nobody there to unlock it."""
    with _bus(tmp_path) as bus, _keyring(bus):
        bus.run("import secretstorage as s; s.get_default_collection(s.dbus_init()).lock()")
        yield bus


@pytest.fixture
def inside(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """This process belongs to the session with the open keyring too."""
    for name in ("HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, desktop.environment[name])
    return desktop


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"the tests of the keyring need {name}: apt-get install dbus gnome-keyring"
    return found
