from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from copilot_api.errors import (
    NotSignedIn,
    SignInFailed,
    SubscriptionMissing,
    UpstreamProblem,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.github import DeviceCode, GitHub, Poll
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity

For = Callable[[Settings], GitHub]
CODE = DeviceCode(device_code="a" * 40, user_code="ABCD-EFGH", verification_uri="https://github.com/login/device")
DEVICE, POLL, EXCHANGE, USER = "/login/device/code", "/login/oauth/access_token", "/copilot_internal/v2/token", "/user"


async def test_a_sign_in_begins_with_a_code(github: GitHub, lab: Sandbox) -> None:
    code = await github.device_code()
    assert (len(code.device_code), len(code.user_code)) == (40, 9)
    assert code.verification_uri == f"{lab.github_url}/login/device"
    assert (code.expires_in_s, code.interval_s) == (900, 0)
    assert code.device_code not in repr(code)
    sent = lab.seen[0]
    assert parse_qs(sent.body.decode()) == {"client_id": ["Iv1.b507a08c87ecfe98"], "scope": ["read:user"]}
    assert sent.headers["Accept"] == "application/json"
    assert "Authorization" not in sent.headers


async def test_an_unknown_client_id_is_a_matter_of_settings(github_for: For, lab_settings: Settings, lab: Sandbox) -> None:
    github = github_for(Settings(github_url=lab.github_url, client_id="Iv1.unknown"))
    with pytest.raises(SignInFailed, match="Not Found") as caught:
        await github.device_code()
    assert "client_id" in caught.value.hint


async def test_a_switched_off_device_flow_is_told_in_githubs_words(github: GitHub, lab: Sandbox) -> None:
    body = {"error": "device_flow_disabled", "error_description": "Device Flow must be explicitly enabled for this App"}
    lab.script.fault("status", path=DEVICE, status=400, body=body)
    with pytest.raises(SignInFailed, match="Device Flow must be explicitly enabled") as caught:
        await github.device_code()
    assert caught.value.code == "device_flow_disabled"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"device_code": "abcd"},
        {"device_code": "a" * 40, "user_code": "\x1b[31mABCD"},
        {"device_code": 7, "user_code": "ABCD-EFGH"},
    ],
)
async def test_a_senseless_code_is_not_shown(github: GitHub, lab: Sandbox, body: dict[str, Any]) -> None:
    lab.script.fault("status", path=DEVICE, status=200, body=body)
    with pytest.raises(UpstreamProblem, match="makes no sense"):
        await github.device_code()


async def test_what_github_leaves_out_is_as_documented(github: GitHub, lab: Sandbox) -> None:
    body = {"device_code": "a" * 40, "user_code": "ABCD-EFGH", "expires_in": "soon", "interval": True}
    lab.script.fault("status", path=DEVICE, status=200, body=body)
    code = await github.device_code()
    assert (code.expires_in_s, code.interval_s) == (900, 5)
    assert code.verification_uri == f"{lab.github_url}/login/device"


async def test_polling_tells_how_the_sign_in_stands(github: GitHub, lab: Sandbox) -> None:
    lab.script.device("pending", "slow_down", "access_denied")
    code = await github.device_code()
    assert (await github.poll(code)).error == "authorization_pending"
    assert await github.poll(code) == Poll(
        error="slow_down",
        description="Too many requests have been made in the same timeframe.",
        interval_s=5,
    )
    assert (await github.poll(code)).error == "access_denied"
    assert parse_qs(lab.seen[-1].body.decode()) == {
        "client_id": ["Iv1.b507a08c87ecfe98"],
        "device_code": [code.device_code],
        "grant_type": ["urn:ietf:params:oauth:grant-type:device_code"],
    }


async def test_polling_ends_with_a_grant(github: GitHub, lab: Sandbox) -> None:
    lab.script.device("granted")
    answer = await github.poll(await github.device_code())
    assert answer.grant.startswith("ghu_")
    assert answer.grant not in repr(answer)


async def test_errors_with_status_400_mean_the_same(github: GitHub, lab: Sandbox) -> None:
    lab.script.fault("status", path=POLL, status=400, body={"error": "authorization_pending"})
    assert await github.poll(CODE) == Poll(error="authorization_pending")


async def test_a_grant_that_ends_by_itself_says_when(github: GitHub, lab: Sandbox) -> None:
    lab.script.fault(
        "status", path=POLL, status=200, body={"access_token": "ghu_1", "expires_in": 28800, "refresh_token": "ghr_1"}
    )
    assert await github.poll(CODE) == Poll(grant="ghu_1", expires_in_s=28800)


@pytest.mark.parametrize("body", [{}, {"access_token": ""}, {"access_token": "two words"}, {"access_token": 7}, {"error": 7}])
async def test_a_senseless_poll_is_no_grant(github: GitHub, lab: Sandbox, body: dict[str, Any]) -> None:
    lab.script.fault("status", path=POLL, status=200, body=body)
    with pytest.raises(UpstreamProblem, match="makes no sense"):
        await github.poll(CODE)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"Retry-After": "9"}, (429, "rate_limit", "9")),
        (429, {}, (429, "rate_limit", "60")),
        (503, {}, (502, "server", "60")),
    ],
)
async def test_trouble_at_the_sign_in_pages(
    github: GitHub, lab: Sandbox, status: int, headers: dict[str, str], expected: tuple[int, str, str]
) -> None:
    lab.script.fault("status", path=POLL, status=status, headers=headers)
    with pytest.raises(UpstreamRefused, match=f"HTTP {status}") as caught:
        await github.poll(CODE)
    assert (caught.value.status, caught.value.kind, caught.value.retry_after) == expected


async def test_github_says_whose_grant_it_is(github: GitHub, lab: Sandbox) -> None:
    assert (await github.user(Grant(lab.grant)))["login"] == "sandbox-dev"
    assert lab.seen[0].headers["Authorization"] == f"token {lab.grant}"
    assert lab.seen[0].headers["User-Agent"] == "GitHubCopilotChat/0.48.1"


async def test_an_answer_about_nobody_is_a_failure(github: GitHub, lab: Sandbox) -> None:
    lab.script.fault("status", path=USER, status=200, body={"id": 1})
    with pytest.raises(UpstreamProblem, match="does not say whose"):
        await github.user(Grant(lab.grant))


async def test_a_revoked_grant_is_nobodys(github: GitHub, lab: Sandbox) -> None:
    lab.revoke()
    with pytest.raises(NotSignedIn, match="no longer accepts"):
        await github.user(Grant(lab.grant))


async def test_a_grant_is_exchanged_for_a_token(github: GitHub, lab: Sandbox) -> None:
    token = await github.copilot_token(Grant(lab.grant))
    assert token.value.startswith("tid=")
    assert (token.api, token.refresh_in_s, token.notice) == (lab.copilot_url, 1500, "")
    assert token.sku == "plus_monthly_subscriber_quota"
    assert token.value not in repr(token)
    assert lab.seen[0].method == "GET"


async def test_the_token_names_its_own_host(github_for: For, lab: Sandbox) -> None:
    github = github_for(Settings(github_api_url=lab.github_api_url))
    lab.script.exchange("elsewhere", api="https://api.business.githubcopilot.com/")
    assert (await github.copilot_token(Grant(lab.grant))).api == "https://api.business.githubcopilot.com"


async def test_a_token_for_a_foreign_host_is_refused(github_for: For, lab: Sandbox) -> None:
    github = github_for(Settings(github_api_url=lab.github_api_url))
    lab.script.exchange("elsewhere", api="https://evilgithubcopilot.com")
    with pytest.raises(UpstreamProblem, match="may not receive your token"):
        await github.copilot_token(Grant(lab.grant))


async def test_an_answer_without_a_token_is_a_failure(github: GitHub, lab: Sandbox) -> None:
    lab.script.exchange("empty")
    with pytest.raises(UpstreamProblem, match="holds no Copilot token"):
        await github.copilot_token(Grant(lab.grant))


@pytest.mark.parametrize("body", ["<html>", "[]", '{"token": "two words"}', '{"token": ["x"]}', "[" * 5000])
async def test_an_answer_that_is_something_else_is_a_failure(github: GitHub, lab: Sandbox, body: str) -> None:
    lab.script.fault("status", path=EXCHANGE, status=200, body=body)
    with pytest.raises(UpstreamProblem, match="holds no Copilot token"):
        await github.copilot_token(Grant(lab.grant))


async def test_a_refusal_that_comes_with_status_200_is_one(github: GitHub, lab: Sandbox) -> None:
    body = {"error_details": {"notification_id": "billing_locked"}}
    lab.script.fault("status", path=EXCHANGE, status=200, body=body)
    with pytest.raises(SubscriptionMissing, match="locked the billing"):
        await github.copilot_token(Grant(lab.grant))


@pytest.mark.parametrize(
    ("given", "taken"), [({"refresh_in": 0}, 0), ({"refresh_in": -5}, 1500), ({"refresh_in": "x"}, 1500), ({}, 1500)]
)
async def test_the_time_to_refresh_may_be_missing(github: GitHub, lab: Sandbox, given: dict[str, Any], taken: int) -> None:
    lab.script.fault("status", path=EXCHANGE, status=200, body={"token": "tid=1", **given})
    assert (await github.copilot_token(Grant(lab.grant))).refresh_in_s == taken


async def test_a_notice_comes_along(github: GitHub, lab: Sandbox) -> None:
    lab.script.exchange("notified", notification_id="subscription_ending")
    assert (await github.copilot_token(Grant(lab.grant))).notice == "Sandbox notice: subscription_ending."


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("revoked", NotSignedIn, "no longer accepts your sign-in"),
        ("refused", SubscriptionMissing, "no Copilot plan"),
        ("pat", NotSignedIn, "does not let this personal access token"),
        ("rate_limited", UpstreamRefused, "limits how often"),
        ("broken", UpstreamRefused, "has trouble"),
        ("hidden", NotSignedIn, "no Copilot token for this kind"),
    ],
)
async def test_each_refusal_of_the_exchange_is_renamed(
    github: GitHub, lab: Sandbox, state: Any, kind: type[Exception], words: str
) -> None:
    lab.script.exchange(state)
    with pytest.raises(kind, match=words) as caught:
        await github.copilot_token(Grant(lab.grant))
    assert lab.grant not in str(caught.value)


async def test_plan_and_quota_come_as_github_sends_them(github: GitHub, lab: Sandbox) -> None:
    body = await github.copilot_user(Grant(lab.grant))
    assert body["quota_snapshots"]["premium_interactions"]["unlimited"] is False


async def test_an_account_without_copilot_has_no_plan(github_for: For) -> None:
    async with Sandbox(plan="none") as lab:
        github = github_for(Settings(github_api_url=lab.github_api_url))
        with pytest.raises(SubscriptionMissing, match="knows no Copilot plan"):
            await github.copilot_user(Grant(lab.grant))
        lab.revoke()
        with pytest.raises(NotSignedIn):
            await github.copilot_user(Grant(lab.grant))


async def test_a_lost_connection_is_told_as_one(github: GitHub, lab: Sandbox) -> None:
    lab.script.fault("reset", path=USER, times=5)
    with pytest.raises(UpstreamUnreachable, match="GitHub could not be reached"):
        await github.user(Grant(lab.grant))


async def test_an_address_where_nobody_answers(github_for: For, lab: Sandbox) -> None:
    settings = Settings(github_api_url=lab.github_api_url)
    await lab.stop()
    with pytest.raises(UpstreamUnreachable, match="GitHub could not be reached"):
        await github_for(settings).user(Grant("ghu_1"))


async def test_a_redirect_never_carries_the_grant_away(github_for: For) -> None:
    heard: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    github = github_for(Settings(github_api_url=f"http://127.0.0.1:{runner.addresses[0][1]}"))
    with pytest.raises(UpstreamProblem, match="HTTP 302"):
        await github.user(Grant("ghu_1"))
    await runner.cleanup()
    assert heard == ["/user"]


async def test_every_question_has_a_time_limit(http: aiohttp.ClientSession, lab: Sandbox, lab_settings: Settings) -> None:
    lab.script.fault("stall", path=USER)
    github = GitHub(http, Hosts.of(lab_settings), Identity(lab_settings), lab_settings, limit_s=0.1)
    with pytest.raises(UpstreamTimeout, match="GitHub did not answer in time"):
        await github.user(Grant(lab.grant))
