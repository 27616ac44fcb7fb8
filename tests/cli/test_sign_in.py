"""The device flow as a person sees it: the code, what to do with it, the wait, and every way in which it can end."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from copilot_api.cli.sign_in import _span
from copilot_api.sandbox import Sandbox
from tests.builders.program import Program

CODE = re.compile(r'enter the code "([A-Z2-9]{4}-[A-Z2-9]{4})" at (http://127\.0\.0\.1:\d+/login/device)')


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(poll_interval_s=0) as running:
        yield running


@pytest.fixture(autouse=True)
def _signs_in_at_the_sandbox(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox)


@pytest.mark.parametrize(("seconds", "shown"), [(29.0, "29 s"), (900.0, "15 min"), (28800.0, "8 h")])
def test_times_are_told_in_the_unit_that_fits(seconds: float, shown: str) -> None:
    assert _span(seconds) == shown


async def test_without_a_terminal_the_code_is_shown_and_the_program_waits(program: Program, sandbox: Sandbox) -> None:
    ended = await program.run("auth")
    assert (ended.code, ended.out) == (0, "")
    code, waiting, done = ended.err.splitlines()
    assert CODE.fullmatch(code)
    assert waiting == "waiting for you to finish there"
    assert done.startswith("signed in as sandbox-dev; the GitHub token is kept in the file ")
    assert len(program.stored()) == 1
    assert program.stored()[0].startswith("ghu_")
    assert program.stored()[0] not in ended.err


async def test_a_new_sign_in_takes_the_place_of_the_old_one(program: Program, sandbox: Sandbox) -> None:
    """compat.md §2.1: `auth` always forces a new device login."""
    sandbox.script.device("granted")
    await program.run("auth", "--with-token", typed=sandbox.grant)
    assert (await program.run("auth")).code == 0
    assert len(program.stored()) == 1
    assert program.stored() != [sandbox.grant]


async def test_the_token_is_shown_only_when_asked_for(program: Program, sandbox: Sandbox) -> None:
    sandbox.script.device("granted")
    ended = await program.run("auth", "--show-token")
    assert f"GitHub token: {program.stored()[0]}\n" in ended.err


@pytest.mark.parametrize(
    ("state", "message", "hint"),
    [
        ("expired_token", "the code has expired", "run copilot-api auth again for a new one"),
        ("access_denied", "the sign-in was cancelled in the browser", "run copilot-api auth again if that was a mistake"),
        ("device_flow_disabled", "GitHub refuses this way of signing in", "leave client_id out of the settings"),
    ],
)
async def test_what_ends_the_flow_is_said_with_a_hint(
    program: Program, sandbox: Sandbox, state: Any, message: str, hint: str
) -> None:
    """compat.md §2.3 ⚠: the original polled on for ever."""
    sandbox.script.device(state)
    ended = await program.run("auth")
    error, advice = ended.err.splitlines()[-2:]
    assert ended.code == 1
    assert error.startswith(f"error: {message}")
    assert advice.startswith(f"hint: {hint}")
    assert program.stored() == []


async def test_a_lost_connection_is_said_and_survived(program: Program, sandbox: Sandbox) -> None:
    sandbox.script.device("drop", "granted")
    ended = await program.run("auth")
    assert ended.code == 0
    assert "GitHub could not be reached\n" in ended.err


async def test_a_token_in_the_environment_goes_first_and_that_is_said(program: Program, sandbox: Sandbox) -> None:
    sandbox.script.device("granted")
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("auth")
    assert ended.code == 0
    assert "warning: the token from GH_TOKEN is used instead, as long as it is set there\n" in ended.err


async def test_the_old_programs_token_is_mentioned_without_a_terminal(program: Program, sandbox: Sandbox) -> None:
    sandbox.script.device("granted")
    path = program.leave_legacy_token(sandbox.grant)
    ended = await program.run("auth")
    assert ended.err.startswith(f"warning: copilot-api 0.7 left its GitHub token readable in {path}\n")
    assert path.exists()


if sys.platform != "win32":
    from tests.builders.program import OnScreen

    async def test_on_a_terminal_the_time_left_is_shown(program: Program, on_screen: OnScreen) -> None:
        screen = await on_screen("auth")
        await screen.expect("waiting for you to finish there, 15 min left")
        await screen.expect("signed in as sandbox-dev")
        assert await screen.ended() == 0

    async def test_code_and_page_are_offered_where_there_is_a_screen(program: Program, on_screen: OnScreen) -> None:
        for name in ("xclip", "browser"):
            (program.home / name).write_text(
                f'#!/bin/sh\necho "$@" > {program.home}/{name}.args\ncat > {program.home}/{name}.text\n'
            )
            (program.home / name).chmod(0o755)
        desk = {
            "DISPLAY": ":0",
            "BROWSER": f"{program.home}/browser %s",
            "PATH": f"{program.home}:{program.environ['PATH']}",
        }
        screen = await on_screen("auth", environ=desk)
        await screen.expect("the code is on the clipboard\npress Enter to open that page in your browser\n")
        screen.type("\n")
        await screen.expect("signed in as sandbox-dev")
        assert await screen.ended() == 0
        found = CODE.search(screen.shown)
        assert found is not None
        assert (program.home / "xclip.text").read_text() == found[1]
        assert (program.home / "browser.args").read_text().strip() == found[2]

    async def test_ctrl_c_ends_the_wait_cleanly(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        for _ in range(20):
            sandbox.script.device("pending")
        screen = await on_screen("auth")
        await screen.expect("min left")
        screen.interrupt()
        assert await screen.ended() == 130
        assert screen.shown.endswith("\ninterrupted\n")
        assert "Traceback" not in screen.shown
        assert program.stored() == []

    async def test_the_old_programs_token_can_be_imported_and_removed(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        path = program.leave_legacy_token(sandbox.grant)
        screen = await on_screen("auth")
        await screen.expect(f"copilot-api 0.7 left its GitHub token as plain text in {path}")
        await screen.expect("import it into the file")
        screen.type("\n")
        await screen.expect("remove that file afterwards? [Y/n]")
        screen.type("y\n")
        assert await screen.ended() == 0
        assert "signed in as sandbox-dev" in screen.shown
        assert program.stored() == [sandbox.grant]
        assert not path.exists()

    async def test_the_old_programs_token_can_be_left_alone(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        sandbox.script.device("granted")
        path = program.leave_legacy_token(sandbox.grant)
        screen = await on_screen("auth")
        await screen.expect("import it into")
        screen.type("n\n")
        await screen.expect("enter the code")
        assert await screen.ended() == 0
        assert path.exists()
        assert program.stored() != [sandbox.grant]

    async def test_an_old_token_that_does_not_work_leads_to_a_new_sign_in(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        path = program.leave_legacy_token(sandbox.grant)
        sandbox.revoke()
        screen = await on_screen("auth")
        await screen.expect("import it into")
        screen.type("y\n")
        await screen.expect("remove that file")
        screen.type("y\n")
        await screen.expect("warning: that token does not work: GitHub ")
        await screen.expect("signed in as sandbox-dev")
        assert await screen.ended() == 0
        assert path.exists()

    async def test_leaving_a_question_is_an_interruption(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        program.leave_legacy_token(sandbox.grant)
        screen = await on_screen("auth")
        await screen.expect("import it into")
        screen.type("\x04")
        assert await screen.ended() == 130
        await asyncio.sleep(0)
        assert "Traceback" not in screen.shown
