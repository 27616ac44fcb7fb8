"""What the tests of this room share: a clock that is set by hand, and a real Secret Service in a D-Bus session of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp
import pytest

from copilot_api.errors import KeyringUnusable
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from tests.builders.desktop import Desktop, bus, keyring


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


@pytest.fixture
def bare_session(tmp_path: Path) -> Iterator[Desktop]:
    """A D-Bus session without a keyring."""
    with bus(tmp_path) as session:
        yield session


@pytest.fixture(scope="session")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    """A session with gnome-keyring, open and new; shared, so a test takes away what it puts in."""
    with bus(tmp_path_factory.mktemp("desktop")) as session, keyring(session):
        yield session


@pytest.fixture
def locked_desktop(tmp_path: Path) -> Iterator[Desktop]:
    """A session whose keyring is locked, and nobody there to unlock it."""
    with bus(tmp_path) as session, keyring(session):
        session.run("import secretstorage as s; s.get_default_collection(s.dbus_init()).lock()")
        yield session


@pytest.fixture
def inside(desktop: Desktop, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    """This process belongs to the session with the open keyring too."""
    for name in ("HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, desktop.environment[name])
    return desktop
