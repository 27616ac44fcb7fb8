"""The whole story of the tray on a screen: a real bar, a robot with a mouse, a real SDK, and a picture of each step.

The pictures are kept in `out/tray/`, to be looked at by a person.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from copilot_api.desktop.face import Face
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox
from installers.icons.faces import COLOURS
from tests.builders.desktop import Desktop, bus
from tests.builders.program import Program
from tests.builders.screen import PANELS, SIZE, Screen, services
from tests.cli.test_tray import ask, ended_well, lab, left, started

if sys.platform == "linux":
    from tests.builders.bar import Caller, Shown

pytestmark = pytest.mark.slow
__all__ = ("lab",)
RIGHT = 3


@pytest.fixture
def session(tmp_path: Path, program: Program) -> Iterator[Desktop]:
    """The session in which bar and program are."""
    with bus(tmp_path, services=services(tmp_path / "services")) as desktop:
        program.environ["DBUS_SESSION_BUS_ADDRESS"] = desktop.address
        yield desktop


class Person:
    """Somebody at the screen: finds the icon by its colour, opens the menu and picks rows with the keyboard."""

    def __init__(self, on: Screen, session: Desktop, kind: str) -> None:
        self._on = on
        self._session = session
        self._kind = kind
        self._steps = 0

    async def sees(self, face: Face) -> None:
        """Waits until the icon shows that state, and keeps a picture of it."""
        await asyncio.to_thread(self._on.seek, COLOURS[face])
        await asyncio.sleep(0.3)
        await asyncio.to_thread(self._picture, face)

    async def picks(self, label: str, pid: int, face: Face) -> None:
        """Opens the menu of the icon and picks the row that begins with `label`."""
        await asyncio.to_thread(self._pick, label, pid, face)

    def _pick(self, label: str, pid: int, face: Face) -> None:
        place = self._on.seek(COLOURS[face])
        still = self._on.look()
        self._on.robot("mousemove", *place, "click", RIGHT)
        self._on.appeared(still)
        self._picture(f"menu-before-{label.split(maxsplit=1)[0].strip('…').lower()}")
        labels = [row.label for row in self._rows(pid) if row.properties.get("enabled", True) and row.label != "-"]
        number = next(number for number, found in enumerate(labels) if found.startswith(label))
        self._on.robot("key", "--delay", 40, *["Down"] * (number + 1), "Return")
        self._on.robot("mousemove", 20, SIZE[1] - 20)
        self._on.cleared(still)

    def _rows(self, pid: int) -> tuple["Shown", ...]:
        caller = Caller(self._session.address)
        try:
            name, menu = f"org.kde.StatusNotifierItem-{pid}-1", ("/MenuBar", "com.canonical.dbusmenu")
            _, layout = caller.call(name, menu, "GetLayout", "iias", 0, 1, [])
            return Shown.of(layout).below
        finally:
            caller.close()

    def _picture(self, what: str) -> None:
        self._steps += 1
        self._on.look(f"story-{self._kind}-{self._steps:02}-{what}")


@pytest.mark.parametrize("kind", list(PANELS))
async def test_the_story_as_it_is_seen(
    program: Program, lab: Sandbox, shown: Screen, session: Desktop, kind: str, port: int
) -> None:
    manager = await asyncio.to_thread(shown.start, session, "xfwm4", "--compositor=off", "--replace")
    panel = await asyncio.to_thread(PANELS[kind], shown, session)
    person = Person(shown, session, kind)
    async with started(program, "--port", str(port)) as tray:
        url, pid = f"http://127.0.0.1:{port}", tray.process.pid
        await person.sees(Face.SIGNED_OUT)
        with pytest.raises(openai.AuthenticationError):
            await ask(url)
        for _ in range(3):
            lab.script.device("pending")
        await person.picks("Sign in", pid, Face.SIGNED_OUT)
        await person.sees(Face.SIGNING_IN)
        await person.sees(Face.SERVING)
        lab.script.answer("Good morning", usage=Counted(prompt=1000, output=10, nano_aiu=6_000_000_000_000))
        assert await ask(url) == "Good morning"
        await person.sees(Face.LOW)  # the balance has moved
        lab.script.fault("delay", seconds=4)
        lab.script.answer("This was still finished")
        asking = asyncio.gather(ask(url, stream=True))
        await asyncio.sleep(0.5)
        await person.picks("Stop serving", pid, Face.LOW)
        await person.sees(Face.DRAINING)
        assert list(await asking) == ["This was still finished"]
        await person.sees(Face.STOPPED)
        await person.picks("Start serving", pid, Face.STOPPED)
        await person.sees(Face.LOW)
        await person.picks("Quit", pid, Face.LOW)
        await ended_well(tray)
    assert left(program.home) == []
    for running in (panel, manager):
        running.kill()
        await asyncio.to_thread(running.wait, 10)
