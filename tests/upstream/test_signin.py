import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from copilot_api.errors import (
    KeyringUnusable,
    NotSignedIn,
    SignInFailed,
    SubscriptionMissing,
    UpstreamRefused,
    UpstreamUnreachable,
)
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.secrets import open_vault
from copilot_api.upstream.signin import CodeIssued, Done, Progress, Waiting, sign_in, sign_in_with_token, sign_out

if TYPE_CHECKING:
    from copilot_api.sandbox.accounts import GrantKind
    from tests.builders.desktop import Desktop
    from tests.upstream.conftest import BriskClock, FakeClock, FakeSecrets

DEVICE, POLL, USER = "/login/device/code", "/login/oauth/access_token", "/user"


async def steps(github: GitHub, vault: "FakeSecrets", clock: "BriskClock") -> list[Progress]:
    return [step async for step in sign_in(github, vault, clock)]


async def test_a_sign_in_from_code_to_vault(github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock") -> None:
    lab.script.device("pending", "pending", "granted")
    issued, *waiting, done = await steps(github, secrets, brisk)
    assert isinstance(issued, CodeIssued)
    assert issued.verification_uri == f"{lab.github_url}/login/device"
    assert waiting == [Waiting(left_s=900, next_s=1), Waiting(left_s=899, next_s=1), Waiting(left_s=898, next_s=1)]
    assert isinstance(done, Done)
    assert (done.login, done.expires_in_s) == ("sandbox-dev", None)
    assert secrets.written == [done.grant.value]
    assert done.grant.value not in repr(done)


async def test_a_new_process_finds_the_sign_in_and_no_file_holds_it(
    github: GitHub, lab: Sandbox, inside: "Desktop", brisk: "BriskClock"
) -> None:
    settings = Settings(github_url=lab.github_url)
    vault = await asyncio.to_thread(open_vault, settings)
    done = [step async for step in sign_in(github, vault, brisk)][-1]
    assert isinstance(done, Done)
    code = (
        "import asyncio; from copilot_api.settings import Settings; from copilot_api.upstream.grants import find; "
        f"print(asyncio.run(find(Settings(github_url={lab.github_url!r}))).value)"
    )
    other = await asyncio.to_thread(inside.run, code)
    assert other.stdout.strip() == done.grant.value
    assert await asyncio.to_thread(inside.files_with, done.grant.value) == []
    assert await sign_out(vault) is True
    assert (await asyncio.to_thread(inside.run, code)).returncode != 0


async def test_nothing_is_kept_before_github_said_whose_it_is(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.device("granted")
    lab.script.fault("status", path=USER, status=401, body={"message": "Bad credentials"})
    with pytest.raises(NotSignedIn):
        await steps(github, secrets, brisk)
    assert secrets.written == []


async def test_a_short_outage_after_the_grant_costs_nothing(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.device("granted")
    lab.script.fault("status", path=USER, status=502, times=2)
    assert isinstance((await steps(github, secrets, brisk))[-1], Done)
    assert brisk.slept == [1, 1, 2]


async def test_a_longer_outage_after_the_grant_is_told(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.device("granted")
    lab.script.fault("status", path=USER, status=502, times=3)
    with pytest.raises(UpstreamRefused, match="has trouble"):
        await steps(github, secrets, brisk)
    assert secrets.written == []


async def test_a_rate_limit_after_the_grant_is_not_run_into_again(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.device("granted")
    lab.script.fault("status", path=USER, status=429)
    with pytest.raises(UpstreamRefused, match="limits how often"):
        await steps(github, secrets, brisk)
    assert sum(seen.path == USER for seen in lab.seen) == 1


async def test_slow_down_is_kept_for_the_rest_of_the_flow(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.device("pending", "slow_down", "pending", "granted")
    await steps(github, secrets, brisk)
    assert brisk.slept == [1, 1, 6, 6]


async def test_slow_down_without_a_number_means_five_seconds_more(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.fault("status", path=POLL, status=200, body={"error": "slow_down"}, times=2)
    lab.script.device("granted")
    await steps(github, secrets, brisk)
    assert brisk.slept == [1, 6, 11]


async def test_slow_down_never_makes_it_faster(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.fault("status", path=POLL, status=200, body={"error": "slow_down"})
    lab.script.fault("status", path=POLL, status=200, body={"error": "slow_down", "interval": 2})
    lab.script.device("granted")
    await steps(github, secrets, brisk)
    assert brisk.slept == [1, 6, 6]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("expired_token", "The code has expired"),
        ("token_expired", "The code has expired"),
        ("access_denied", "cancelled in the browser"),
    ],
)
async def test_an_ended_flow_offers_a_restart(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock", error: str, words: str
) -> None:
    lab.script.fault("status", path=POLL, status=200, body={"error": error})
    with pytest.raises(SignInFailed, match=words) as caught:
        await steps(github, secrets, brisk)
    assert caught.value.code == error
    assert "copilot-api auth" in caught.value.hint
    assert secrets.written == []


@pytest.mark.parametrize(
    "error",
    ["unsupported_grant_type", "incorrect_client_credentials", "incorrect_device_code", "device_flow_disabled", "new_one"],
)
async def test_a_flow_that_is_set_up_wrongly_ends_with_githubs_words(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock", error: str
) -> None:
    lab.script.fault("status", path=POLL, status=400, body={"error": error, "error_description": f"About {error}."})
    with pytest.raises(SignInFailed, match=f"About {error}.") as caught:
        await steps(github, secrets, brisk)
    assert caught.value.code == error


async def test_lost_connections_do_not_cost_the_code(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.device("drop", "granted")
    _, *waiting, done = await steps(github, secrets, brisk)
    assert [step.problem for step in waiting if isinstance(step, Waiting)] == ["", "GitHub could not be reached"]
    assert isinstance(done, Done)


async def test_a_busy_github_is_given_the_time_it_asks_for(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.fault("status", path=POLL, status=429, headers={"Retry-After": "30"})
    lab.script.fault("html", path=POLL)
    lab.script.device("granted")
    await steps(github, secrets, brisk)
    assert brisk.slept[:2] == [1, 31]


async def test_it_ends_when_the_code_does_whatever_the_network_does(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    body = {"device_code": "a" * 40, "user_code": "ABCD-EFGH", "expires_in": 12, "interval": 4}
    lab.script.fault("status", path=DEVICE, status=200, body=body)
    lab.script.fault("reset", path=POLL, times=3)
    with pytest.raises(SignInFailed, match="The code has expired"):
        await steps(github, secrets, brisk)
    assert brisk.slept == [5, 5, 2]


async def test_a_flow_that_cannot_begin_says_so(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock"
) -> None:
    lab.script.fault("reset", path=DEVICE, times=3)
    with pytest.raises(UpstreamUnreachable):
        await steps(github, secrets, brisk)


async def test_an_unusable_keyring_is_found_before_the_person_goes_to_the_trouble(
    github: GitHub, lab: Sandbox, locked: "FakeSecrets", brisk: "BriskClock"
) -> None:
    with pytest.raises(KeyringUnusable):
        await steps(github, locked, brisk)
    assert lab.seen == []


async def test_cancelling_leaves_nothing_behind(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", clock: "FakeClock"
) -> None:
    async def run() -> None:
        async for _ in sign_in(github, secrets, clock):
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run(), 0.2)
    assert (secrets.written, clock.sleepers) == ([], 0)
    assert [seen.path for seen in lab.seen] == [DEVICE]


async def test_closing_it_halfway_is_fine(github: GitHub, lab: Sandbox, secrets: "FakeSecrets", brisk: "BriskClock") -> None:
    async with aclosing(sign_in(github, secrets, brisk)) as flow:
        assert isinstance(await anext(flow), CodeIssued)
    assert secrets.written == []


@pytest.mark.parametrize("kind", ["ghu", "gho", "github_pat"])
async def test_a_token_that_works_is_kept(github: GitHub, lab: Sandbox, secrets: "FakeSecrets", kind: "GrantKind") -> None:
    value = lab.issue(kind)
    done = await sign_in_with_token(f"  {value}\r\n", github, secrets)
    assert (done.login, done.grant.value, secrets.token) == ("sandbox-dev", value, value)
    proof = "/copilot_internal/user" if kind == "github_pat" else "/copilot_internal/v2/token"
    assert [seen.path for seen in lab.seen] == [USER, proof]


async def test_an_installation_token_is_nobodys(github: GitHub, lab: Sandbox, secrets: "FakeSecrets") -> None:
    done = await sign_in_with_token(lab.issue("ghs"), github, secrets)
    assert done.login == ""
    assert [seen.path for seen in lab.seen] == ["/copilot_internal/user"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" \n", "No token was given"),
        ("ghp_0123456789", "classic personal access token"),
        ("ghu_1\nghu_2", "one word"),
        ("hunter2", "does not look like a GitHub token"),
    ],
)
async def test_what_cannot_be_a_token_never_leaves_the_machine(
    github: GitHub, lab: Sandbox, secrets: "FakeSecrets", text: str, words: str
) -> None:
    with pytest.raises(SignInFailed, match=words) as caught:
        await sign_in_with_token(text, github, secrets)
    assert "hunter2" not in caught.value.text
    assert (lab.seen, secrets.written) == ([], [])


async def test_a_token_that_does_not_work_is_not_kept(github: GitHub, lab: Sandbox, secrets: "FakeSecrets") -> None:
    with pytest.raises(NotSignedIn, match="does not accept the token from standard input"):
        await sign_in_with_token("ghu_unknown", github, secrets)
    assert secrets.written == []


async def test_a_token_without_a_plan_is_not_kept(github_for: Callable[[Settings], GitHub], secrets: "FakeSecrets") -> None:
    async with Sandbox(plan="none") as lab:
        github = github_for(Settings(github_api_url=lab.github_api_url))
        kinds: tuple[GrantKind, ...] = ("ghu", "github_pat")
        for kind in kinds:
            with pytest.raises(SubscriptionMissing):
                await sign_in_with_token(lab.issue(kind), github, secrets)
    assert secrets.written == []


async def test_signing_out_forgets(secrets: "FakeSecrets") -> None:
    secrets.token = "ghu_1"
    assert await sign_out(secrets) is True
    assert await sign_out(secrets) is False
    assert secrets.token is None
