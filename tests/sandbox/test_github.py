import time
from typing import TYPE_CHECKING, get_args
from urllib.parse import parse_qs

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.sandbox.accounts import GrantKind

if TYPE_CHECKING:
    from copilot_api.sandbox.script import DeviceState
    from tests.sandbox.conftest import Client, Got

APP = "Iv1.b507a08c87ecfe98"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "/copilot_internal/v2/token"


async def begin(client: "Client", client_id: str = APP) -> str:
    got = await client.login("/login/device/code", {"client_id": client_id, "scope": "read:user"})
    assert got.status == 200
    return str(got.json["device_code"])


async def poll(client: "Client", code: str, **changes: str) -> "Got":
    form = {"client_id": APP, "device_code": code, "grant_type": GRANT_TYPE} | changes
    return await client.login("/login/oauth/access_token", form)


async def test_a_device_code_comes_with_what_to_show(client: "Client", sandbox: Sandbox) -> None:
    body = (await client.login("/login/device/code", {"client_id": APP})).json
    assert len(body["device_code"]) == 40
    assert (body["expires_in"], body["interval"]) == (900, 1)
    assert body["verification_uri"] == f"{sandbox.github_url}/login/device"


async def test_the_page_for_the_code_explains_itself(http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    async with http.get(sandbox.github_url + "/login/device") as response:
        assert "sandbox" in await response.text()


async def test_a_person_is_let_in_at_the_second_poll(client: "Client") -> None:
    code = await begin(client)
    first, second = await poll(client, code), await poll(client, code)
    assert (first.status, first.json["error"]) == (200, "authorization_pending")
    assert (second.status, second.json["token_type"], second.json["scope"]) == (200, "bearer", "read:user")
    grant = second.json["access_token"]
    assert grant.startswith("ghu_")
    assert (await client.github("/user", grant=grant)).json["login"] == "sandbox-dev"


async def test_a_code_is_good_for_one_token(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.device("granted")
    code = await begin(client)
    assert "access_token" in (await poll(client, code)).json
    assert (await poll(client, code)).json["error"] == "incorrect_device_code"


async def test_pending_twice_then_slower_then_granted(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.device("pending", "pending", "slow_down", "granted")
    code = await begin(client)
    answers = [(await poll(client, code)).json for _ in range(4)]
    assert [a.get("error") for a in answers] == ["authorization_pending", "authorization_pending", "slow_down", None]
    assert answers[2]["interval"] == 6
    assert answers[3]["access_token"].startswith("ghu_")


@pytest.mark.parametrize("state", ["expired_token", "access_denied", "device_flow_disabled"])
async def test_an_end_of_the_flow_is_final_and_has_status_200(client: "Client", sandbox: Sandbox, state: "DeviceState") -> None:
    sandbox.script.device(state)
    code = await begin(client)
    got = await poll(client, code)
    assert (got.status, got.json["error"]) == (200, state)
    assert got.json["error_description"]
    assert (await poll(client, code)).json["error"] == "incorrect_device_code"


async def test_the_network_drops_a_poll(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.device("drop", "granted")
    code = await begin(client)
    with pytest.raises(aiohttp.ClientConnectionError):
        await poll(client, code)
    assert "access_token" in (await poll(client, code)).json


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"device_code": "unknown"}, "incorrect_device_code"),
        ({"client_id": "01ab8ac9400c4e429b23"}, "incorrect_client_credentials"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_wrong_poll_is_refused(client: "Client", changes: dict[str, str], error: str) -> None:
    code = await begin(client)
    assert (await poll(client, code, **changes)).json["error"] == error


async def test_an_unknown_app_is_not_found(client: "Client") -> None:
    got = await client.login("/login/device/code", {"client_id": "Iv1.nobody"})
    assert (got.status, got.json) == (404, {"error": "Not Found"})


async def test_a_code_expires(http: aiohttp.ClientSession) -> None:
    from_now = 0.0
    async with Sandbox(clock=lambda: time.time() + from_now) as sandbox:
        async with http.post(sandbox.github_url + "/login/device/code", json={"client_id": APP}) as response:
            code = parse_qs(await response.text())["device_code"][0]
        from_now = 900.0
        form = {"client_id": APP, "device_code": code, "grant_type": GRANT_TYPE}
        headers = {"Accept": "application/json"}
        async with http.post(sandbox.github_url + "/login/oauth/access_token", json=form, headers=headers) as response:
            assert (await response.json())["error"] == "expired_token"


async def test_without_an_accept_header_the_answer_is_a_form(client: "Client") -> None:
    got = await client.login("/login/device/code", {"client_id": APP}, Accept="*/*")
    assert got.headers["content-type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert parse_qs(got.text)["expires_in"] == ["900"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"client_id":7}'])
async def test_a_body_that_is_no_form_names_no_app(http: aiohttp.ClientSession, sandbox: Sandbox, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with http.post(sandbox.github_url + "/login/device/code", data=body, headers=headers) as response:
        assert response.status == 404


@pytest.mark.parametrize("path", ["/", "/login/other"])
async def test_other_pages_are_not_found(client: "Client", path: str) -> None:
    assert (await client.login(path, {})).status == 404


async def test_an_app_decides_on_the_kind_of_token(client: "Client", sandbox: Sandbox) -> None:
    opencode = "Ov23li8tweQw6odWQebz"
    sandbox.script.device("granted")
    code = await begin(client, opencode)
    grant = (await poll(client, code, client_id=opencode)).json["access_token"]
    assert grant.startswith("gho_")
    assert (await client.github(EXCHANGE, grant=grant)).status == 404


async def test_the_user_is_known_by_the_grant(client: "Client") -> None:
    got = await client.github("/user")
    assert (got.json["login"], got.json["id"]) == ("sandbox-dev", 4141)
    assert (await client.github("/user", Authorization=f"Bearer {client.sandbox.grant}")).status == 200


async def test_scopes_are_told_for_oauth_tokens(client: "Client", sandbox: Sandbox) -> None:
    assert (await client.github("/user", grant=sandbox.issue("gho"))).headers["x-oauth-scopes"] == "read:user"
    assert "x-oauth-scopes" not in (await client.github("/user")).headers


async def test_nobody_is_asked_to_authenticate(client: "Client") -> None:
    got = await client.github("/user", Authorization="")
    assert (got.status, got.json["message"]) == (401, "Requires authentication")
    assert (await client.github("/user", Authorization="Basic abc")).status == 401


async def test_a_stranger_has_bad_credentials(client: "Client") -> None:
    got = await client.github(EXCHANGE, grant="ghu_stranger")
    assert got.status == 401
    assert got.json == {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"}


async def test_a_request_without_a_user_agent_is_forbidden(client: "Client") -> None:
    got = await client.github(EXCHANGE, User_Agent="")
    assert got.status == 403
    assert got.text.startswith("Request forbidden by administrative rules.")


async def test_the_exchange_is_a_get(client: "Client") -> None:
    assert (await client.github(EXCHANGE, method="POST")).status == 404
    assert (await client.github("/nowhere")).status == 404


async def test_a_token_comes_with_its_life_and_its_endpoints(client: "Client", sandbox: Sandbox) -> None:
    one, two = (await client.github(EXCHANGE)).json, (await client.github(EXCHANGE)).json
    assert one["token"] != two["token"]
    assert one["token"].startswith("tid=")
    assert f";exp={one['expires_at']};" in one["token"]
    assert 1790 < one["expires_at"] - time.time() <= 1800
    assert (one["refresh_in"], one["sku"], one["individual"]) == (1500, "plus_monthly_subscriber_quota", True)
    assert one["endpoints"]["api"] == sandbox.copilot_url


@pytest.mark.parametrize("kind", get_args(GrantKind))
async def test_which_grants_can_be_exchanged(client: "Client", sandbox: Sandbox, kind: GrantKind) -> None:
    got = await client.github(EXCHANGE, grant=sandbox.issue(kind))
    refused = {
        "github_pat": "Resource not accessible by personal access token",
        "ghp": "Resource not accessible by personal access token",
        "ghs": "Resource not accessible by integration",
    }
    expected = (403, refused[kind]) if kind in refused else (200, None)
    assert (got.status, got.json.get("message")) == expected


@pytest.mark.parametrize("notification_id", ["no_copilot_access", "subscription_ended", "snippy_not_configured"])
async def test_a_refusal_says_why(client: "Client", sandbox: Sandbox, notification_id: str) -> None:
    sandbox.script.exchange("refused", notification_id=notification_id)
    got = await client.github(EXCHANGE)
    assert (got.status, got.json["message"]) == (403, "Resource not accessible by integration")
    assert got.json["error_details"]["notification_id"] == notification_id
    assert "{EDITOR}" in got.json["error_details"]["url"]
    assert got.json["can_signup_for_limited"] is (notification_id == "no_copilot_access")
    assert (await client.github(EXCHANGE)).status == 200


async def test_an_account_without_copilot(client: "Client", sandbox: Sandbox) -> None:
    sandbox.plan = "none"
    got = await client.github(EXCHANGE)
    assert (got.status, got.json["error_details"]["title"]) == (403, "Sign up for GitHub Copilot")
    assert (await client.github("/copilot_internal/user")).status == 404
    assert sandbox.plan == "none"


async def test_a_revoked_grant(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("revoked")
    assert (await client.github(EXCHANGE)).json["message"] == "Bad credentials"
    sandbox.revoke()
    assert (await client.github(EXCHANGE)).json["message"] == "Bad credentials"


async def test_the_exchange_says_it_wants_no_pat(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("pat")
    got = await client.github(EXCHANGE)
    assert (got.status, got.json["message"]) == (403, "Resource not accessible by personal access token")


async def test_the_exchange_is_rate_limited(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("rate_limited", retry_after="17")
    got = await client.github(EXCHANGE)
    assert (got.status, got.headers["retry-after"]) == (429, "17")
    assert got.json["message"].startswith("API rate limit exceeded")


async def test_the_exchange_breaks(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("broken")
    assert (await client.github(EXCHANGE)).status == 500


async def test_the_exchange_hides(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("hidden")
    assert (await client.github(EXCHANGE)).status == 404


async def test_a_success_without_a_token(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("empty")
    got = await client.github(EXCHANGE)
    assert got.status == 200
    assert "token" not in got.json


async def test_a_server_whose_clock_is_off(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("skewed", skew_s=-7200)
    assert (await client.github(EXCHANGE)).json["expires_at"] < time.time() - 5000


async def test_an_account_that_lives_elsewhere(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("elsewhere", api="https://api.business.githubcopilot.com")
    assert (await client.github(EXCHANGE)).json["endpoints"]["api"] == "https://api.business.githubcopilot.com"


async def test_a_notice_comes_with_the_token(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.exchange("notified", notification_id="subscription_ending")
    body = (await client.github(EXCHANGE)).json
    assert body["user_notification"]["notification_id"] == "subscription_ending"
    assert body["token"]


async def test_the_plan_is_told(client: "Client", sandbox: Sandbox) -> None:
    body = (await client.github("/copilot_internal/user", grant=sandbox.issue("github_pat"))).json
    assert (body["copilot_plan"], body["endpoints"]["api"]) == ("individual_pro", sandbox.copilot_url)


async def test_a_company_seat_is_not_individual(client: "Client", sandbox: Sandbox) -> None:
    sandbox.plan = "unlimited"
    assert (await client.github(EXCHANGE)).json["individual"] is False
