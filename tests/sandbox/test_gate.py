from typing import TYPE_CHECKING

import pytest

from copilot_api.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

EXPIRED = "unauthorized: token expired\n"
FORBIDDEN = "access to this endpoint is forbidden\n"


@pytest.mark.parametrize(
    ("headers", "status", "text"),
    [
        ({"Authorization": ""}, 401, "bad request: Authorization header is badly formatted\n"),
        ({"Authorization": "token abc"}, 400, "bad request: Authorization header is badly formatted\n"),
        ({"Authorization": "Bearer "}, 400, "bad request: Authorization header is badly formatted\n"),
        ({"Authorization": "Bearer tid=1;exp=2"}, 401, EXPIRED),
        ({"Authorization": "Bearer gibberish"}, 401, "unauthorized\n"),
        ({"Editor-Version": ""}, 400, "bad request: missing Editor-Version header for IDE auth\n"),
        ({"Editor-Version": "vscode"}, 400, "bad request: unknown Editor-Version header for IDE auth\n"),
        ({"Editor-Plugin-Version": ""}, 400, "bad request: missing Editor-Plugin-Version header for IDE auth\n"),
        (
            {"Editor-Plugin-Version": "copilot-chat/new"},
            400,
            "bad request: unknown Editor-Plugin-Version header for IDE auth\n",
        ),
        ({"Editor-Plugin-Version": "copilot-chat/0.26.7"}, 466, "client version is no longer supported, please update\n"),
        ({"Editor-Plugin-Version": "copilot-chat/0"}, 466, "client version is no longer supported, please update\n"),
        ({"Copilot-Integration-Id": ""}, 403, FORBIDDEN),
        ({"User-Agent": ""}, 403, FORBIDDEN),
        ({"Content-Type": "text/plain"}, 400, "failed to parse request\n"),
    ],
)
async def test_who_does_not_say_who_it_is_stays_outside(
    client: "Client", headers: dict[str, str], status: int, text: str
) -> None:
    got = await client.post("/chat/completions", {"model": "gpt-4.1", "messages": []}, headers)
    assert (got.status, got.text) == (status, text)
    assert got.headers["content-type"].startswith("text/plain")


async def test_an_unknown_integration_gets_no_models(client: "Client") -> None:
    got = await client.get("/models", {"Copilot-Integration-Id": "my-own"})
    assert got.status == 400
    assert got.message == 'The requested model is not available for integrator "my-own". Available models: []'


async def test_the_models_are_behind_the_door_too(client: "Client") -> None:
    assert (await client.get("/models", {"Authorization": ""})).status == 401
    assert (await client.get("/models")).status == 200


async def test_an_expired_token_opens_no_door(client: "Client", sandbox: Sandbox) -> None:
    assert (await client.chat()).status == 200
    sandbox.expire_tokens()
    got = await client.chat()
    assert (got.status, got.text) == (401, EXPIRED)
    await client.exchange()
    assert (await client.chat()).status == 200


@pytest.mark.parametrize("kind", ["github_pat", "ghs"])
async def test_some_github_tokens_need_no_exchange_and_no_editor(client: "Client", sandbox: Sandbox, kind: str) -> None:
    token = sandbox.issue("github_pat") if kind == "github_pat" else sandbox.issue("ghs")
    headers = {"Authorization": f"Bearer {token}", "Editor-Version": "", "Editor-Plugin-Version": ""}
    assert (await client.get("/models", headers)).status == 200


async def test_a_classic_pat_is_refused(client: "Client", sandbox: Sandbox) -> None:
    got = await client.get("/models", {"Authorization": f"Bearer {sandbox.issue('ghp')}"})
    assert (got.status, got.text) == (400, "bad request: Personal Access Tokens are not supported for this endpoint\n")


async def test_a_pat_needs_its_permission(client: "Client", sandbox: Sandbox) -> None:
    got = await client.get("/models", {"Authorization": f"Bearer {sandbox.issue('github_pat', permitted=False)}"})
    assert got.status == 401
    assert got.text == "unauthorized: Personal Access Token does not have Copilot Requests permission\n"


async def test_an_editors_grant_must_be_exchanged(client: "Client", sandbox: Sandbox) -> None:
    got = await client.get("/models", {"Authorization": f"Bearer {sandbox.grant}"})
    assert got.status == 400
    assert got.text.startswith("checking third-party user token: bad request:")


async def test_other_editors_may_have_other_versions(client: "Client") -> None:
    assert (await client.get("/models", {"Editor-Plugin-Version": "copilot-intellij/1.5"})).status == 200
