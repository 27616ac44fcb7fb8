"""Signing in and out from the tray, with a code that GitHub (the sandbox) approves, refuses or lets expire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from copilot_api.desktop.glance import Code
from copilot_api.desktop.signing import Signing
from copilot_api.errors import CopilotApiError, StartFailed
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream import grants
from copilot_api.upstream.auth import Signed
from tests.builders.waiting import eventually
from tests.desktop.conftest import Load


class Told:
    """What a sign-in told, in its order."""

    def __init__(self) -> None:
        self.codes: list[Code | None] = []
        self.issued: list[Code] = []
        self.accounts: list[tuple[Signed, str]] = []
        self.problems: list[CopilotApiError] = []

    async def account(self, signed: Signed, login: str) -> None:
        self.accounts.append((signed, login))


def kept(home: Path) -> list[Path]:
    """The files of tokens."""
    return [path for path in home.rglob("grants/*") if path.is_file() and path.stat().st_size]


@asynccontextmanager
async def living(load: Load) -> AsyncIterator[tuple[Signing, Told]]:
    told = Told()
    signing = Signing(
        load,
        changed=lambda: told.codes.append(signing.code),
        issued=told.issued.append,
        ended=told.account,
        failed=told.problems.append,
    )
    running = asyncio.gather(signing.run())
    try:
        yield signing, told
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_code_is_shown_until_it_was_entered_and_the_token_is_kept(load: Load, sandbox: Sandbox) -> None:
    async with living(load) as (signing, told):
        signing.begin()
        await eventually(lambda: bool(told.accounts) and signing.code is None)
    assert told.accounts == [(Signed.IN, "sandbox-dev")]
    [issued] = told.issued
    assert len(issued.user_code) == 9
    assert issued.page == f"{sandbox.github_url}/login/device"
    assert told.codes[0] == Code()
    assert told.codes[1] == issued
    assert all(code.user_code == issued.user_code and code.left_s > 890 for code in told.codes[1:-1] if code)
    assert told.codes[-1] is None
    assert (await grants.find(load())).value.startswith("ghu_")


async def test_a_second_click_does_not_begin_a_second_sign_in(load: Load, sandbox: Sandbox) -> None:
    for _ in range(100):
        sandbox.script.device("pending")
    async with living(load) as (signing, told):
        signing.begin()
        await eventually(lambda: bool(told.issued))
        signing.begin()
        await asyncio.sleep(0.05)
        assert len(told.issued) == 1


async def test_a_cancelled_sign_in_leaves_no_trace_and_another_may_follow(load: Load, home: Path, sandbox: Sandbox) -> None:
    for _ in range(100):
        sandbox.script.device("pending")
    async with living(load) as (signing, told):
        signing.begin()
        await eventually(lambda: bool(told.issued))
        signing.cancel()
        await eventually(lambda: signing.code is None)
        assert (told.accounts, told.problems) == ([], [])
        assert kept(home) == []
        sandbox.script.clear()
        signing.begin()
        await eventually(lambda: bool(told.accounts))


async def test_a_sign_in_that_is_denied_says_so(load: Load, sandbox: Sandbox) -> None:
    sandbox.script.device("access_denied")
    async with living(load) as (signing, told):
        signing.begin()
        await eventually(lambda: bool(told.problems))
        await eventually(lambda: signing.code is None)
    assert [problem.code for problem in told.problems] == ["access_denied"]
    assert told.accounts == []


async def test_what_keeps_github_from_being_asked_is_shown_with_the_code(load: Load, sandbox: Sandbox) -> None:
    sandbox.script.device("pending", "drop", "granted")
    async with living(load) as (signing, told):
        signing.begin()
        await eventually(lambda: bool(told.accounts), within_s=20)
    assert [code.problem for code in told.codes if code and code.problem] == ["GitHub could not be reached"]


async def test_signing_out_forgets_the_token(load: Load, sandbox: Sandbox, home: Path) -> None:
    async with living(load) as (signing, told):
        signing.begin()
        await eventually(lambda: bool(told.accounts))
        await signing.out()
    assert told.accounts[-1] == (Signed.OUT, "")
    assert kept(home) == []


async def test_settings_that_cannot_be_used_and_faults_of_our_own_end_the_sign_in_and_not_the_tray(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[Any] = [StartFailed("config.toml is not valid TOML"), ZeroDivisionError()]

    def load() -> Settings:
        raise failures[len(told.problems)]

    async with living(load) as (signing, told):
        for number in (1, 2):
            signing.begin()
            await eventually(lambda wanted=number: len(told.problems) == wanted)  # type: ignore[misc] # mypy takes no default
    assert [problem.message for problem in told.problems] == [
        "config.toml is not valid TOML",
        "Something went wrong inside copilot-api while signing in",
    ]
    assert "a fault of our own while signing in: ZeroDivisionError" in caplog.text
