"""How the account stands: all of it becomes known as soon as it can, and old knowledge is not kept for another account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest

from copilot_api.errors import KeyringUnusable, NotSignedIn, SubscriptionMissing, UpstreamRefused, UpstreamUnreachable
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.auth import CopilotAuth, Signed
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.quota import Quota
from copilot_api.upstream.reach import Reach
from copilot_api.upstream.standing import AGAIN_S, LOOK_S, PLAN_S, SLICE_S, Standing

if TYPE_CHECKING:
    from tests.upstream.conftest import Eventually, FakeClock

EXCHANGE, USER, PLAN = "/copilot_internal/v2/token", "/user", "/copilot_internal/user"


@dataclass
class Vault:
    """Where the person's sign-in is, or what is wrong with it; `looks` counts who wanted to know."""

    held: str | Exception
    looks: int = 0

    async def find(self) -> Grant:
        self.looks += 1
        if isinstance(self.held, Exception):
            raise self.held
        return Grant(self.held)


@dataclass
class Lab:
    """The account's parts, put together as `Service` does."""

    standing: Standing
    auth: CopilotAuth
    catalog: Catalog
    reach: Reach
    vault: Vault
    sandbox: Sandbox
    changes: list[int] = field(default_factory=list)

    def asked(self, path: str) -> int:
        return sum(seen.path == path for seen in self.sandbox.seen)


@pytest.fixture
def account(lab: Sandbox, lab_settings: Settings, github: GitHub, http: aiohttp.ClientSession, clock: "FakeClock") -> Lab:
    vault, changes = Vault(lab.grant), list[int]()
    auth = CopilotAuth(github, vault.find, Hosts.of(lab_settings), clock, jitter=lambda: 1.0)
    reach = Reach(lambda: None)
    client = CopilotClient(http, auth, Identity(lab_settings), lab_settings, reach=reach)
    catalog = Catalog(client, lab_settings, clock)
    standing = Standing(auth, github, catalog, reach, clock, lambda: changes.append(1))
    return Lab(standing, auth, catalog, reach, vault, lab, changes)


@asynccontextmanager
async def kept(account: Lab) -> AsyncIterator[None]:
    """With the background task."""
    task = asyncio.gather(account.standing.keep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def nobody() -> NotSignedIn:
    return NotSignedIn("You are not signed in", hint="run copilot-api auth")


async def test_a_start_reads_all_of_it_with_one_look_into_the_vault(account: Lab) -> None:
    await account.standing.enter()
    assert account.standing.login == "sandbox-dev"
    assert account.standing.balance is not None
    assert account.standing.balance.remaining == 6121.4
    assert account.catalog.known
    assert account.vault.looks == 1
    assert {path: account.asked(path) for path in (EXCHANGE, USER, PLAN, "/models")} == {
        EXCHANGE: 1,
        USER: 1,
        PLAN: 1,
        "/models": 1,
    }


async def test_a_start_fails_for_what_requests_need_and_for_nothing_else(account: Lab, lab: Sandbox) -> None:
    for path in (USER, PLAN):
        lab.script.fault("status", path=path, status=500)
    await account.standing.enter()
    assert (account.standing.login, account.standing.balance) == ("", None)
    account.catalog.forget()
    lab.script.fault("reset", path="/models", times=9)
    with pytest.raises(UpstreamUnreachable):
        await account.standing.enter()


async def test_what_a_start_knew_is_not_asked_for_again(account: Lab, eventually: "Eventually", clock: "FakeClock") -> None:
    await account.standing.enter()
    asked = len(account.sandbox.seen)
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        assert len(account.sandbox.seen) == asked


async def test_who_signs_in_elsewhere_is_served_by_and_by(account: Lab, eventually: "Eventually", clock: "FakeClock") -> None:
    account.vault.held = nobody()
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        assert not account.sandbox.seen
        account.vault.held = account.sandbox.grant
        clock.advance(LOOK_S)
        await eventually(lambda: account.standing.balance is not None)
    assert account.standing.login == "sandbox-dev"
    assert account.catalog.known


async def test_who_signs_in_and_says_so_is_served_at_once(account: Lab, eventually: "Eventually", clock: "FakeClock") -> None:
    account.vault.held = nobody()
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        account.vault.held = account.sandbox.grant
        await account.auth.look_again()
        account.standing.look_again()
        await eventually(lambda: account.standing.balance is not None)


async def test_who_signs_out_is_forgotten_with_all_that_was_known(account: Lab, eventually: "Eventually") -> None:
    async with kept(account):
        await eventually(lambda: account.standing.balance is not None)
        account.vault.held = nobody()
        await account.auth.look_again()
        assert account.auth.signed is Signed.OUT
        account.standing.look_again()
        await eventually(lambda: account.standing.balance is None)
    assert account.standing.login == ""
    assert not account.catalog.known


async def test_another_account_has_another_name_and_other_models(account: Lab, eventually: "Eventually") -> None:
    async with kept(account):
        await eventually(lambda: account.standing.balance is not None)
        account.vault.held = account.sandbox.issue("gho")
        account.sandbox.plan = "legacy"
        account.sandbox.models = account.sandbox.models[:3]
        await account.auth.look_again()
        account.standing.look_again()
        await eventually(lambda: account.standing.balance is not None and account.standing.balance.entitlement == 300)
    assert len(account.catalog.known) == 3
    assert account.asked(USER) == 2


async def test_the_network_may_come_later(account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock") -> None:
    lab.script.fault("reset", path=EXCHANGE, times=2)
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        assert account.reach.is_down
        assert account.auth.signed == "failing"
        for _ in range(2):
            clock.advance(SLICE_S)
            await eventually(lambda: clock.sleepers == 1)
        clock.advance(SLICE_S)
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(SLICE_S)
        await eventually(lambda: account.standing.balance is not None)
    assert (account.reach.is_down, bool(account.catalog.known)) == (False, True)


async def test_a_token_that_comes_wakes_it(account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock") -> None:
    """The background task that renews it tries more often."""
    lab.script.fault("reset", path=EXCHANGE)
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        await account.auth.token()
        await eventually(lambda: account.standing.balance is not None)


async def test_models_that_cannot_be_read_are_told_and_tried_again(
    account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock"
) -> None:
    lab.script.fault("overloaded", path="/models", times=2)
    async with kept(account):
        await eventually(lambda: account.standing.problem is not None)
        assert account.reach.is_down
        assert isinstance(account.standing.problem, UpstreamRefused)
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(AGAIN_S / 2)
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(AGAIN_S / 2)
        await eventually(lambda: account.asked("/models") == 2)
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(AGAIN_S / 2)
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(AGAIN_S / 2)
        await eventually(lambda: bool(account.catalog.known))
        await eventually(lambda: not account.reach.is_down)
    assert account.standing.problem is None


@pytest.mark.parametrize(
    ("held", "looks_in_an_hour"),
    # After 1, 3, 7, 15, 30, 45 and 60 minutes; after 5, 15, 30, 45 and 60.
    [(SubscriptionMissing("No Copilot plan"), 8), (KeyringUnusable("The keyring is locked"), 6)],
)
async def test_where_only_a_person_can_help_nobody_is_pestered(
    account: Lab, eventually: "Eventually", clock: "FakeClock", held: Exception, looks_in_an_hour: int
) -> None:
    account.vault.held = held
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        for _ in range(int(3600 / SLICE_S)):
            clock.advance(SLICE_S)
            await eventually(lambda: clock.sleepers == 1)
    assert account.vault.looks == looks_in_an_hour


async def test_a_token_that_github_refuses_is_not_shown_to_it_over_and_over(
    account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock"
) -> None:
    lab.revoke()
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        for _ in range(120):
            clock.advance(SLICE_S)
            await eventually(lambda: clock.sleepers == 1)
    assert account.asked(EXCHANGE) <= 8  # in an hour


async def test_the_plan_is_read_again_now_and_then(
    account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock"
) -> None:
    await account.standing.enter()
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        lab.plan = "overdrawn"
        for _ in range(int(PLAN_S / SLICE_S)):
            assert account.asked(PLAN) == 1
            clock.advance(SLICE_S)
            await eventually(lambda: clock.sleepers == 1)
        await eventually(lambda: account.asked(PLAN) == 2)
    assert account.standing.balance is not None
    assert account.standing.balance.remaining < 0


async def test_sleep_counts_as_time(account: Lab, eventually: "Eventually", clock: "FakeClock") -> None:
    await account.standing.enter()
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        clock.suspend(PLAN_S)
        clock.advance(SLICE_S)
        await eventually(lambda: account.asked(PLAN) == 2)


async def test_an_answer_moves_the_balance(account: Lab) -> None:
    await account.standing.enter()
    before = len(account.changes)
    quota = Quota(name="premium_interactions", percent=50.0, entitlement=7000, remaining=3500)
    for _ in range(2):
        account.standing.hear({"premium_interactions": quota})
    assert account.standing.balance is not None
    assert account.standing.balance.remaining == 3500
    assert len(account.changes) == before + 1


async def test_an_installation_token_is_nobodys_and_not_asked_about_again(
    account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock"
) -> None:
    lab.script.fault("status", path=USER, status=403, times=9)
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        account.standing.look_again()
        await eventually(lambda: clock.sleepers == 1)
    assert account.standing.login == ""
    assert account.asked(USER) == 1


async def test_a_fault_of_our_own_does_not_end_it(
    account: Lab, eventually: "Eventually", clock: "FakeClock", caplog: pytest.LogCaptureFixture
) -> None:
    account.vault.held = RuntimeError("odd")
    async with kept(account):
        await eventually(lambda: "a fault of our own while asking about the account" in caplog.text)
        account.vault.held = account.sandbox.grant
        await eventually(lambda: clock.sleepers == 1)
        account.standing.look_again()
        await eventually(lambda: account.standing.balance is not None)


async def test_while_github_is_down_it_is_asked_whether_it_is_back(
    account: Lab, lab: Sandbox, eventually: "Eventually", clock: "FakeClock"
) -> None:
    await account.standing.enter()
    async with kept(account):
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(1)
        account.reach.tell(UpstreamUnreachable("a request had no answer"))
        account.standing.look_again()
        clock.advance(AGAIN_S)
        await eventually(lambda: not account.reach.is_down)
