"""The tray with a real keyring behind it: open, locked and opened by a person who types its password, locked and left so."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copilot_api.desktop.face import Face
from copilot_api.sandbox import Sandbox
from installers.icons.faces import COLOURS
from tests.builders.desktop import PASSWORD, Desktop, bus, keyring
from tests.builders.program import Program
from tests.builders.screen import PANELS, Screen, services
from tests.builders.waiting import until
from tests.cli.test_tray import ended_well, lab, started

if sys.platform == "linux":
    from tests.builders.bar import bar
    from tests.builders.robot import Robot

pytestmark = pytest.mark.slow
__all__ = ("lab",)
PROMPTER = "/usr/libexec/gcr-prompter"
ASKS = "Unlock Login Keyring"


@pytest.fixture
def desktop(tmp_path: Path, program: Program) -> Iterator[Desktop]:
    """A session with gnome-keyring, open and new, in which the program is; no file is allowed for the token."""
    with bus(tmp_path, services=services(tmp_path / "services")) as session, keyring(session):
        del program.environ["COPILOT_API_TOKEN_STORE"]
        program.environ |= session.environment
        yield session


def lock(session: Desktop) -> None:
    """Locks the keyring, as a screen that was locked may do."""
    session.run("import secretstorage as s; s.get_default_collection(s.dbus_init()).lock()")


def unlock(shown: Screen) -> None:
    """Types the password; again, if the window was there before it listened, as after a wrong one."""

    def has_opened() -> bool:
        shown.robot("key", "ctrl+a")
        shown.robot("type", "--delay", 20, PASSWORD)
        shown.robot("key", "Return")
        time.sleep(1)
        return not shown.has_window(ASKS)

    until(has_opened, "the keyring stays locked", within_s=20)


@asynccontextmanager
async def seen(shown: Screen, session: Desktop) -> AsyncIterator[None]:
    """A bar on the screen, and what asks for passwords."""
    manager = await asyncio.to_thread(shown.start, session, "xfwm4", "--compositor=off", "--replace")
    panel = await asyncio.to_thread(PANELS["xfce"], shown, session)
    prompter = await asyncio.to_thread(shown.start, session, PROMPTER)
    try:
        yield
    finally:
        for running in (prompter, panel, manager):
            running.kill()
            await asyncio.to_thread(running.wait, 10)


async def test_a_sign_in_at_the_tray_lies_in_the_keyring_and_signing_out_takes_it_away(
    program: Program, lab: Sandbox, desktop: Desktop
) -> None:
    with bar(desktop.address) as there:
        robot = Robot(there)
        async with started(program) as tray:
            await robot.click("Sign in…")
            await robot.row("Sign out sandbox-dev")
            assert (await program.run("auth", "status")).code == 0
            assert not await asyncio.to_thread(desktop.files_with, "ghu_")
            await robot.click("Sign out sandbox-dev")
            await robot.row("Sign in…")
            assert (await program.run("auth", "status")).code == 1
            await robot.click("Quit")
            await ended_well(tray)


async def test_a_locked_keyring_is_opened_by_the_person_and_then_all_is_well(
    program: Program, lab: Sandbox, desktop: Desktop, shown: Screen
) -> None:
    assert (await program.run("auth")).code == 0
    await asyncio.to_thread(lock, desktop)
    async with seen(shown, desktop), started(program) as tray:
        await asyncio.to_thread(shown.seek, COLOURS[Face.SIGNED_OUT])
        await asyncio.to_thread(until, lambda: shown.has_window(ASKS), "nobody asks for the password", within_s=20)
        await asyncio.to_thread(shown.look, "keyring-asks")
        await asyncio.to_thread(unlock, shown)
        await asyncio.to_thread(shown.seek, COLOURS[Face.SERVING])
        tray.process.terminate()
        await ended_well(tray)


async def test_a_locked_keyring_that_nobody_opens_is_told_and_serving_goes_on(
    program: Program, lab: Sandbox, desktop: Desktop
) -> None:
    assert (await program.run("auth")).code == 0
    await asyncio.to_thread(lock, desktop)
    with bar(desktop.address) as there:
        robot = Robot(there)
        async with started(program) as tray:
            await robot.row("The keyring is locked")
            assert "but not signed in" in (await robot.row("Serving on ")).label
            await robot.click("Quit")
            await ended_well(tray)
