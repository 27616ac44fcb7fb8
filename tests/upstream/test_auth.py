import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.errors import (
    CopilotApiError,
    KeyringUnusable,
    NotSignedIn,
    SubscriptionMissing,
    UpstreamProblem,
    UpstreamRefused,
    UpstreamUnreachable,
)
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.auth import CopilotAuth, Finder, Signed, Token
from copilot_api.upstream.breaker import LASTING_S, LONGEST_REST_S, TRIES, Breaker
from copilot_api.upstream.clock import Since
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts

if TYPE_CHECKING:
    from copilot_api.sandbox.accounts import GrantKind
    from tests.upstream.conftest import Eventually, FakeClock

EXCHANGE, USER = "/copilot_internal/v2/token", "/copilot_internal/user"
LIFE_S = 1500 + 60
AHEAD_S = 1200


Make = Callable[..., CopilotAuth]
Exchanges = Callable[[], int]


@pytest.fixture
def make(github: GitHub, lab: Sandbox, lab_settings: Settings, clock: "FakeClock") -> Make:
    """An auth that asks the sandbox. Its back-off has no chance in it."""

    def make(grant: Grant | Finder | None = None, breaker: Breaker | None = None) -> CopilotAuth:
        return CopilotAuth(
            github, grant or Grant(lab.grant), Hosts.of(lab_settings), clock, breaker=breaker, jitter=lambda: 1.0
        )

    return make


@pytest.fixture
def auth(make: Make) -> CopilotAuth:
    return make()


@pytest.fixture
def exchanges(lab: Sandbox) -> Callable[[], int]:
    """How often GitHub was asked for a token."""
    return lambda: sum(seen.path == EXCHANGE for seen in lab.seen)


@contextlib.asynccontextmanager
async def running(auth: CopilotAuth) -> AsyncIterator["asyncio.Task[None]"]:
    """The background task, until the block ends."""
    task = asyncio.create_task(auth.keep_fresh())
    yield task
    assert not task.done(), "the background task died"
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


# What a caller gets


async def test_a_token_comes_with_the_host_it_is_for(auth: CopilotAuth, lab: Sandbox) -> None:
    token = await auth.token()
    assert token.api == lab.copilot_url
    assert token.value.startswith("tid=")
    assert token.value not in repr(token)
    assert auth.signed is Signed.IN


async def test_a_hundred_callers_cause_one_exchange(auth: CopilotAuth, exchanges: Exchanges) -> None:
    tokens = await asyncio.gather(*(auth.token() for _ in range(100)))
    assert len(set(tokens)) == 1
    assert exchanges() == 1


async def test_a_hundred_callers_share_one_failure(auth: CopilotAuth, lab: Sandbox, exchanges: Exchanges) -> None:
    lab.script.exchange("broken", times=100)
    results = await asyncio.gather(*(auth.token() for _ in range(100)), return_exceptions=True)
    assert {type(result) for result in results} == {UpstreamRefused}
    assert exchanges() == 1
    lab.script.clear()
    assert (await auth.token()).value
    assert exchanges() == 2


async def test_a_caller_that_leaves_does_not_take_the_others_with_it(
    auth: CopilotAuth, lab: Sandbox, exchanges: Exchanges, eventually: "Eventually"
) -> None:
    lab.script.fault("stall", path=EXCHANGE)
    first = asyncio.create_task(auth.token())
    await eventually(lambda: exchanges() == 1)
    others = [asyncio.create_task(auth.token()) for _ in range(5)]
    await asyncio.sleep(0)
    first.cancel()
    assert len(set(await asyncio.gather(*others))) == 1
    assert exchanges() == 2


async def test_a_token_that_lives_is_not_asked_for_again(auth: CopilotAuth, clock: "FakeClock", exchanges: Exchanges) -> None:
    token = await auth.token()
    clock.advance(LIFE_S - 1)
    assert await auth.token() == token
    clock.advance(1)
    assert await auth.token() != token
    assert exchanges() == 2


async def test_sleep_ends_a_token_that_the_monotonic_clock_believes_in(
    auth: CopilotAuth, clock: "FakeClock", exchanges: Exchanges
) -> None:
    token = await auth.token()
    clock.suspend(8 * 3600)
    assert await auth.token() != token
    assert exchanges() == 2


async def test_a_clock_set_back_does_not_make_a_token_live_for_ever(auth: CopilotAuth, clock: "FakeClock") -> None:
    token = await auth.token()
    clock.set_wall(-24 * 3600)
    assert await auth.token() == token
    clock.advance(LIFE_S)
    assert await auth.token() != token


@pytest.mark.parametrize("skew_s", [-86400.0, 86400.0])
async def test_a_server_whose_clock_is_wrong_does_no_harm(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", skew_s: float
) -> None:
    lab.script.exchange("skewed", skew_s=skew_s)
    token = await auth.token()
    clock.advance(LIFE_S - 1)
    assert await auth.token() == token
    clock.advance(1)
    assert await auth.token() != token


async def test_a_token_that_claims_to_live_for_no_time_lives_two_minutes(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock"
) -> None:
    lab.script.fault("status", path=EXCHANGE, status=200, body={"token": "tid=1", "refresh_in": 0})
    token = await auth.token()
    clock.advance(119)
    assert await auth.token() == token
    clock.advance(1)
    assert await auth.token() != token


async def test_a_notice_of_githubs_is_told_once(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", caplog: pytest.LogCaptureFixture
) -> None:
    lab.script.exchange("notified", notification_id="subscription_ending", times=2)
    for _ in range(2):
        await auth.token()
        clock.advance(LIFE_S)
    assert [record.message for record in caplog.records] == ["GitHub says: Sandbox notice: subscription_ending."]


async def test_each_new_token_is_announced_to_whoever_asked(
    github: GitHub, lab: Sandbox, lab_settings: Settings, clock: "FakeClock"
) -> None:
    heard: list[Token] = []
    auth = CopilotAuth(github, Grant(lab.grant), Hosts.of(lab_settings), clock, announce=heard.append)
    first = await auth.token()
    assert await auth.token() == first
    clock.advance(LIFE_S)
    assert heard == [first, await auth.token()]


# A token that Copilot refused


async def test_ten_failures_cause_one_refresh(auth: CopilotAuth, exchanges: Exchanges) -> None:
    old = await auth.token()

    async def fail_and_retry() -> Token:
        auth.discard(old)
        return await auth.token()

    tokens = await asyncio.gather(*(fail_and_retry() for _ in range(10)))
    assert len(set(tokens)) == 1
    assert old not in tokens
    assert exchanges() == 2


async def test_a_late_failure_does_not_harm_the_new_token(auth: CopilotAuth, exchanges: Exchanges) -> None:
    old = await auth.token()
    auth.discard(old)
    new = await auth.token()
    auth.discard(old)
    assert await auth.token() == new
    assert exchanges() == 2


async def test_tokens_that_are_always_refused_do_not_make_a_storm(
    auth: CopilotAuth, clock: "FakeClock", exchanges: Exchanges
) -> None:
    for _ in range(20):
        auth.discard(await auth.token())
    await auth.token()
    assert exchanges() == 4
    clock.advance(60)
    auth.discard(await auth.token())
    await auth.token()
    assert exchanges() == 5


# GitHub refuses


async def test_a_refused_plan_is_not_asked_about_at_every_request(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges
) -> None:
    lab.script.exchange("refused", notification_id="snippy_not_configured")
    for _ in range(5):
        with pytest.raises(SubscriptionMissing, match="never completed"):
            await auth.token()
    assert exchanges() == 1
    assert auth.signed is Signed.FAILING
    assert auth.reason.startswith("The Copilot settings of this account were never completed (open ")
    clock.advance(60)
    assert (await auth.token()).value
    assert (auth.signed, auth.reason) == (Signed.IN, "")


async def test_retry_after_is_waited_for(auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges) -> None:
    lab.script.exchange("rate_limited", retry_after="300")
    for wait_s in (0, 100, 199):
        clock.advance(wait_s)
        with pytest.raises(UpstreamRefused) as caught:
            await auth.token()
        assert caught.value.retry_after == "300"
    assert exchanges() == 1
    clock.advance(1)
    assert (await auth.token()).value


async def test_being_taken_for_a_machine_stops_for_good(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges
) -> None:
    lab.script.exchange("refused", notification_id="programmatic_token_generation")
    for _ in range(5):
        with pytest.raises(UpstreamRefused, match="automated") as caught:
            await auth.token()
        clock.advance(24 * 3600)
    assert caught.value.code == "programmatic_token_generation"
    assert (auth.signed, exchanges()) == (Signed.FAILING, 1)


async def test_an_outage_is_over_when_it_is_over(auth: CopilotAuth, lab: Sandbox) -> None:
    lab.script.fault("reset", path=EXCHANGE, times=2)
    with pytest.raises(UpstreamUnreachable):
        await auth.token()
    assert auth.signed is Signed.FAILING
    lab.script.clear()
    assert (await auth.token()).value


async def test_a_refused_exchange_never_sends_the_grant_to_copilot_instead(auth: CopilotAuth, lab: Sandbox) -> None:
    lab.script.exchange("hidden")
    with pytest.raises(NotSignedIn, match="no Copilot token for this kind"):
        await auth.token()
    assert {seen.plane for seen in lab.seen} == {"api"}


async def test_a_foreign_host_is_refused_and_not_asked_about_again(
    github_for: Callable[[Settings], GitHub], lab: Sandbox, clock: "FakeClock", exchanges: Exchanges
) -> None:
    settings = Settings(github_api_url=lab.github_api_url)
    lab.script.exchange("elsewhere", api="https://evil.example", times=2)
    auth = CopilotAuth(github_for(settings), Grant(lab.grant), Hosts.of(settings), clock)
    for _ in range(2):
        with pytest.raises(UpstreamProblem, match="may not receive your token"):
            await auth.token()
    assert exchanges() == 1


# Grants that are used as they are


@pytest.mark.parametrize("kind", ["github_pat", "ghs"])
async def test_some_grants_go_to_copilot_as_they_are(make: Make, lab: Sandbox, exchanges: Exchanges, kind: "GrantKind") -> None:
    grant = lab.issue(kind)
    assert await make(Grant(grant)).token() == Token(grant, lab.copilot_url)
    assert (exchanges(), [seen.path for seen in lab.seen]) == (0, [USER])


async def test_github_names_the_host_for_them_too(
    github_for: Callable[[Settings], GitHub], lab: Sandbox, clock: "FakeClock"
) -> None:
    settings = Settings(github_api_url=lab.github_api_url, account_type="business")
    auth = CopilotAuth(github_for(settings), Grant(lab.issue("github_pat")), Hosts.of(settings), clock)
    business, enterprise = "https://api.business.githubcopilot.com", "https://api.enterprise.githubcopilot.com"
    lab.script.fault("status", path=USER, status=403, body={"message": "Resource not accessible by personal access token"})
    assert (await auth.token()).api == business
    clock.advance(3660)
    lab.script.fault("status", path=USER, status=200, body={"endpoints": {"api": enterprise}})
    assert (await auth.token()).api == enterprise
    clock.advance(3660)
    lab.script.fault("reset", path=USER, times=2)
    assert (await auth.token()).api == enterprise


async def test_a_revoked_one_is_not_sent_to_copilot(make: Make) -> None:
    auth = make(Grant("github_pat_unknown", "GH_TOKEN"))
    with pytest.raises(NotSignedIn, match="token from GH_TOKEN"):
        await auth.token()
    assert auth.signed is Signed.OUT


async def test_nobody_is_signed_in_before_github_was_reached_once(make: Make, lab: Sandbox) -> None:
    lab.script.fault("reset", path=USER, times=2)
    auth = make(Grant(lab.issue("github_pat")))
    with pytest.raises(UpstreamUnreachable):
        await auth.token()
    assert auth.signed is Signed.FAILING


# Grants that come and go


async def test_signing_in_again_mends_a_running_server(
    make: Make, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges
) -> None:
    grants = [Grant("ghu_revoked")]

    async def find() -> Grant:
        return grants[-1]

    auth = make(find)
    for _ in range(3):
        with pytest.raises(NotSignedIn, match="no longer accepts"):
            await auth.token()
    assert (auth.signed, exchanges()) == (Signed.OUT, 1)
    grants.append(Grant(lab.grant))
    clock.advance(5)
    assert (await auth.token()).value
    assert await auth.grant() == Grant(lab.grant)


async def test_a_grant_revoked_meanwhile_is_looked_for_anew_at_once(make: Make, lab: Sandbox, clock: "FakeClock") -> None:
    grants = [Grant(lab.issue())]

    async def find() -> Grant:
        return grants[-1]

    auth = make(find)
    await auth.token()
    lab.revoke(grants[0].value)
    grants.append(Grant(lab.grant))
    clock.advance(LIFE_S)
    assert (await auth.token()).value
    assert await auth.grant() == grants[-1]


async def test_a_refused_grant_is_tried_again_after_a_minute(
    make: Make, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges
) -> None:
    auth = make(Grant(lab.grant))
    lab.script.exchange("revoked")
    for _ in range(11):
        with pytest.raises(NotSignedIn):
            await auth.token()
        clock.advance(5.4)
    assert exchanges() == 1
    clock.advance(1)
    assert (await auth.token()).value


async def test_no_keyring_means_signed_out(make: Make) -> None:
    async def find() -> Grant:
        raise KeyringUnusable("The keyring is locked", hint="unlock it")

    auth = make(find)
    with pytest.raises(KeyringUnusable):
        await auth.token()
    assert (auth.signed, auth.reason) == (Signed.OUT, "The keyring is locked (unlock it)")


async def test_a_new_grant_replaces_token_and_failure(auth: CopilotAuth, lab: Sandbox) -> None:
    lab.script.exchange("refused", notification_id="programmatic_token_generation")
    with pytest.raises(UpstreamRefused):
        await auth.token()
    other = Grant(lab.issue())
    auth.renew(other)
    old = await auth.token()
    assert await auth.grant() == other
    auth.renew(Grant(lab.grant))
    assert await auth.token() != old


async def test_an_exchange_under_way_with_the_old_grant_does_not_count(
    auth: CopilotAuth, lab: Sandbox, exchanges: Exchanges, eventually: "Eventually"
) -> None:
    lab.script.fault("delay", path=EXCHANGE, seconds=0.1)
    waiting = asyncio.create_task(auth.token())
    await eventually(lambda: exchanges() == 1)
    other = lab.issue()
    auth.renew(Grant(other))
    await waiting
    assert [seen.headers["Authorization"] for seen in lab.seen] == [f"token {lab.grant}", f"token {other}"]


async def test_a_grant_found_late_does_not_replace_a_new_one(make: Make, lab: Sandbox) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def find() -> Grant:
        asked.set()
        await go.wait()
        return Grant("ghu_old")

    auth = make(find)
    waiting = asyncio.create_task(auth.grant())
    await asked.wait()
    auth.renew(Grant(lab.grant))
    go.set()
    assert await waiting == Grant("ghu_old")
    assert await auth.grant() == Grant(lab.grant)


async def test_signing_out_ends_the_token_at_once(auth: CopilotAuth) -> None:
    await auth.token()
    auth.forget()
    assert auth.signed is Signed.OUT
    with pytest.raises(NotSignedIn, match="You are not signed in"):
        await auth.token()
    with pytest.raises(NotSignedIn):
        await auth.grant()


async def test_listeners_hear_each_change_once(auth: CopilotAuth, lab: Sandbox, clock: "FakeClock") -> None:
    heard: list[tuple[Signed, str]] = []
    stop = auth.subscribe(lambda signed, reason: heard.append((signed, reason)))
    await auth.token()
    clock.advance(LIFE_S)
    await auth.token()
    lab.script.fault("status", path=EXCHANGE, status=503, times=3)
    clock.advance(LIFE_S)
    for _ in range(2):
        with pytest.raises(UpstreamRefused):
            await auth.token()
    assert heard == [
        (Signed.IN, ""),
        (Signed.FAILING, "GitHub has trouble (HTTP 503) (see https://www.githubstatus.com)"),
    ]
    stop()
    auth.forget()
    assert len(heard) == 2


# The background task


async def test_a_token_is_renewed_ahead_of_time(
    auth: CopilotAuth, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    async with running(auth):
        await eventually(lambda: clock.sleepers == 1)
        assert exchanges() == 1
        old = await auth.token()
        for _ in range(AHEAD_S // 30 - 1):
            clock.advance(30)
            await eventually(lambda: clock.sleepers == 1)
        assert (exchanges(), await auth.token()) == (1, old)
        clock.advance(30)
        await eventually(lambda: clock.sleepers == 1 and exchanges() == 2)
        assert await auth.token() != old
    assert max(clock.slept) == 30


async def test_a_caller_already_under_way_saves_the_background_its_exchange(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    lab.script.fault("delay", path=EXCHANGE, seconds=0.1)
    caller = asyncio.create_task(auth.token())
    await eventually(lambda: exchanges() == 1)
    async with running(auth):
        await caller
        await eventually(lambda: clock.sleepers == 1)
    assert exchanges() == 1


async def test_waking_up_renews_within_half_a_minute(
    auth: CopilotAuth, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    async with running(auth):
        await eventually(lambda: clock.sleepers == 1)
        clock.suspend(8 * 3600)
        clock.advance(30)
        await eventually(lambda: clock.sleepers == 1 and exchanges() == 2)


async def test_after_sleep_what_is_due_is_renewed_at_once(auth: CopilotAuth, clock: "FakeClock", exchanges: Exchanges) -> None:
    await auth.token()
    await auth.catch_up()
    assert exchanges() == 1
    clock.suspend(AHEAD_S + 1)
    await auth.catch_up()
    assert exchanges() == 2


async def test_in_another_network_what_could_not_be_renewed_is_tried_again_at_once(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", eventually: "Eventually", caplog: pytest.LogCaptureFixture
) -> None:
    """While the background waits for its next try, which may be a minute away."""
    lab.script.fault("reset", path=EXCHANGE, times=99)
    async with running(auth):
        await eventually(lambda: clock.sleepers > 0)
        caplog.clear()
        await auth.catch_up()
        assert "no new Copilot token yet" in caplog.text
        assert auth.signed is Signed.FAILING
        lab.script.clear()
        await auth.catch_up()
        assert str(auth.signed) == "in"  # mypy believes that nothing has changed since it last looked


async def test_a_change_of_networks_is_no_reason_to_ask_again_what_a_person_must_mend(
    make: Make, exchanges: Exchanges, lab: Sandbox
) -> None:
    lab.script.exchange("refused", times=9)
    auth = make()
    with pytest.raises(SubscriptionMissing):
        await auth.token()
    await auth.catch_up()
    assert exchanges() == 1


async def test_the_old_token_is_kept_while_it_lives(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    async with running(auth):
        await eventually(lambda: clock.sleepers == 1)
        old = await auth.token()
        lab.script.fault("status", path=EXCHANGE, status=503, times=100)
        clock.advance(AHEAD_S)
        await eventually(lambda: auth.signed is Signed.FAILING)
        assert await auth.token() == old
        lab.script.clear()
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(2)
        await eventually(lambda: auth.signed is Signed.IN)
        assert await auth.token() != old


async def test_failures_are_tried_again_more_and_more_seldom(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    lab.script.fault("status", path=EXCHANGE, status=503, times=100)
    waits: list[float] = []
    async with running(auth):
        for attempt in range(1, 9):
            await eventually(lambda: clock.sleepers == 1)
            assert exchanges() == attempt
            waits.append(0.0)
            while exchanges() == attempt:
                waits[-1] += clock.slept[-1]
                clock.advance(clock.slept[-1])
                await eventually(lambda: clock.sleepers == 1)
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


async def test_the_background_waits_as_long_as_github_asks(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    lab.script.exchange("rate_limited", retry_after="200")
    async with running(auth):
        for _ in range(12):
            await eventually(lambda: clock.sleepers == 1)
            assert exchanges() == 1
            clock.advance(min(30, clock.slept[-1]))
            if clock.monotonic() >= 1200:
                break
        await eventually(lambda: exchanges() == 2)


@pytest.mark.parametrize("name", ["no_copilot_access", "programmatic_token_generation", "billing_locked"])
async def test_a_refusal_is_surfaced_and_not_repeated(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually", name: str
) -> None:
    lab.script.exchange("refused", notification_id=name)
    async with running(auth):
        for _ in range(500):
            await eventually(lambda: clock.sleepers == 1)
            clock.advance(30)
    assert (auth.signed, exchanges()) == (Signed.FAILING, 1)


async def test_a_person_who_signs_in_wakes_it_up(
    make: Make, lab: Sandbox, clock: "FakeClock", eventually: "Eventually"
) -> None:
    auth = make(Grant("ghu_revoked"))
    async with running(auth):
        await eventually(lambda: auth.signed is Signed.OUT and clock.sleepers == 1)
        clock.advance(30)
        await eventually(lambda: clock.sleepers == 1)
        auth.renew(Grant(lab.grant))
        clock.advance(30)
        await eventually(lambda: auth.signed is Signed.IN)


async def test_a_caller_who_gets_through_ends_the_waiting(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges, eventually: "Eventually"
) -> None:
    lab.script.fault("status", path=EXCHANGE, status=503, times=7)
    async with running(auth):
        for _ in range(6):
            await eventually(lambda: clock.sleepers == 1)
            clock.advance(60)
        await eventually(lambda: clock.sleepers == 1 and exchanges() == 7)
        clock.advance(LONGEST_REST_S)
        await auth.token()
        clock.advance(30)
        await eventually(lambda: clock.sleepers == 1)
        assert (auth.signed, exchanges()) == (Signed.IN, 8)


async def test_a_fault_of_our_own_is_logged_and_does_not_end_it(
    make: Make, lab: Sandbox, clock: "FakeClock", eventually: "Eventually", caplog: pytest.LogCaptureFixture
) -> None:
    faults = [ZeroDivisionError("surprise")]

    async def find() -> Grant:
        if faults:
            raise faults.pop()
        return Grant(lab.grant)

    auth = make(find)
    async with running(auth):
        await eventually(lambda: clock.sleepers == 1)
        assert "surprise" in caplog.text
        clock.advance(2)
        await eventually(lambda: auth.signed is Signed.IN)


async def test_no_log_line_holds_a_secret(
    auth: CopilotAuth, lab: Sandbox, clock: "FakeClock", eventually: "Eventually", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "copilot_api")
    lab.script.fault("status", path=EXCHANGE, status=503)
    async with running(auth):
        await eventually(lambda: clock.sleepers == 1)
        clock.advance(2)
        await eventually(lambda: auth.signed is Signed.IN)
        token = await auth.token()
    assert "no new Copilot token" in caplog.text
    assert lab.grant not in caplog.text
    assert token.value not in caplog.text


Passing = st.tuples(st.sampled_from(["awake", "asleep", "set ahead"]), st.integers(0, 4000))


@given(steps=st.lists(Passing, max_size=20))
def test_no_moment_is_believed_to_be_younger_than_it_is(
    steps: list[tuple[str, int]], new_clock: "Callable[[], FakeClock]"
) -> None:
    clock = new_clock()
    since, truth = Since(clock), 0
    for how, seconds in steps:
        match how:
            case "awake":
                clock.advance(seconds)
            case "asleep":
                clock.suspend(seconds)
            case _:
                clock.set_wall(seconds)
        truth += seconds if how != "set ahead" else 0
        assert since.seconds() >= truth


async def test_looking_again_goes_by_what_is_found_now(make: Make, lab: Sandbox, exchanges: Exchanges) -> None:
    found = [lab.grant]

    async def find() -> Grant:
        if not found[0]:
            raise NotSignedIn("You are not signed in")
        return Grant(found[0])

    auth = make(find)
    first = await auth.token()
    await auth.look_again()
    assert await auth.token() == first  # what is still good stays
    found[0] = lab.issue("gho")
    await auth.look_again()
    assert await auth.token() != first
    assert (await auth.grant()).value == found[0]
    found[0] = ""
    await auth.look_again()
    assert auth.signed is Signed.OUT
    assert exchanges() == 2


async def test_looking_again_ends_a_rest_after_a_refusal(make: Make, lab: Sandbox, exchanges: Exchanges) -> None:
    """The person has seen to it at GitHub, and says so."""

    async def find() -> Grant:
        return Grant(lab.grant)

    auth = make(find)
    lab.script.exchange("refused")
    with pytest.raises(SubscriptionMissing):
        await auth.token()
    with pytest.raises(SubscriptionMissing):
        await auth.token()
    assert exchanges() == 1
    await auth.look_again()
    await auth.token()
    assert exchanges() == 2


async def test_looking_again_for_a_grant_that_was_handed_over_finds_no_other(auth: CopilotAuth) -> None:
    token = await auth.token()
    await auth.look_again()
    assert await auth.token() == token


async def test_a_keyring_that_is_locked_when_somebody_looks_again_changes_nothing(make: Make, lab: Sandbox) -> None:
    is_locked = [False]

    async def find() -> Grant:
        if is_locked[0]:
            raise KeyringUnusable("The keyring is locked")
        return Grant(lab.grant)

    auth = make(find)
    token = await auth.token()
    is_locked[0] = True
    with pytest.raises(KeyringUnusable):
        await auth.look_again()
    assert (await auth.token(), auth.signed) == (token, Signed.IN)


# While GitHub cannot be reached


async def test_an_outage_of_githubs_is_answered_at_once_and_ends_with_the_first_answer(
    make: Make, lab: Sandbox, clock: "FakeClock", exchanges: Exchanges
) -> None:
    breaker = Breaker("GitHub", clock)
    auth = make(Grant(lab.grant), breaker=breaker)
    lab.script.exchange("broken", times=TRIES)
    for _ in range(TRIES):
        clock.advance(LASTING_S)
        with pytest.raises(UpstreamRefused):
            await auth.token()
    assert breaker.is_open
    tried = exchanges()
    with pytest.raises(UpstreamUnreachable) as caught:
        await auth.token()
    assert (caught.value.status, caught.value.retry_after, exchanges()) == (503, "1", tried)
    assert auth.problem is not caught.value, "why there is no token is GitHub's trouble, not that we do not ask"
    clock.advance(1)
    await auth.token()
    assert not breaker.is_open


@pytest.mark.parametrize("state", ["revoked", "refused", "rate_limited", "empty", "hidden"])
async def test_an_answer_of_githubs_is_no_outage(make: Make, lab: Sandbox, clock: "FakeClock", state: Any) -> None:
    breaker = Breaker("GitHub", clock)
    auth = make(Grant(lab.grant), breaker=breaker)
    lab.script.exchange(state, times=3 * TRIES)
    for _ in range(3 * TRIES):
        clock.advance(3600)
        with pytest.raises(CopilotApiError):
            await auth.token()
    assert not breaker.is_open


async def test_a_token_that_lives_needs_no_github(make: Make, lab: Sandbox, clock: "FakeClock") -> None:
    breaker = Breaker("GitHub", clock)
    auth = make(Grant(lab.grant), breaker=breaker)
    token = await auth.token()
    breaker.is_open = True
    assert await auth.token() == token


async def test_who_does_not_answer_at_all_is_an_outage(make: Make, lab: Sandbox, clock: "FakeClock") -> None:
    breaker = Breaker("GitHub", clock)
    auth = make(Grant(lab.grant), breaker=breaker)
    await lab.stop()
    for _ in range(TRIES):
        clock.advance(LASTING_S)
        with pytest.raises(UpstreamUnreachable):
            await auth.token()
    assert breaker.is_open
