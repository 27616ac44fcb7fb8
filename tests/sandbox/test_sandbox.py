import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client


async def test_it_listens_on_loopback_at_three_ports(sandbox: Sandbox) -> None:
    urls = {sandbox.github_url, sandbox.github_api_url, sandbox.copilot_url}
    assert len(urls) == 3
    assert all(url.startswith("http://127.0.0.1:") and not url.endswith("/") for url in urls)


async def test_each_plane_serves_its_own(client: "Client", sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    for url in (sandbox.github_url + "/models", sandbox.copilot_url + "/user", sandbox.github_api_url + "/login/device"):
        async with http.get(url) as response:
            assert response.status == 404
    assert [seen.plane for seen in sandbox.seen] == ["login", "copilot", "api"]


async def test_it_stops_listening(http: aiohttp.ClientSession) -> None:
    sandbox = Sandbox()
    await sandbox.start()
    url = sandbox.copilot_url
    await sandbox.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(url + "/_ping")


async def test_it_can_be_started_again(http: aiohttp.ClientSession) -> None:
    sandbox = Sandbox()
    for _ in range(2):
        await sandbox.start()
        async with http.get(sandbox.copilot_url + "/_ping") as response:
            assert response.status == 200
        await sandbox.stop()


async def test_it_stops_with_a_stream_under_way(http: aiohttp.ClientSession) -> None:
    async with Sandbox(pace_s=60) as sandbox:
        async with http.get(
            sandbox.github_api_url + "/copilot_internal/v2/token", headers={"Authorization": f"token {sandbox.grant}"}
        ) as response:
            token = (await response.json())["token"]
        headers = {
            "Authorization": f"Bearer {token}",
            "Editor-Version": "vscode/1.121.0",
            "Editor-Plugin-Version": "copilot-chat/0.48.1",
            "Copilot-Integration-Id": "vscode-chat",
        }
        body = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
        response = await http.post(sandbox.copilot_url + "/chat/completions", json=body, headers=headers)
        assert (await response.content.readany()).startswith(b"data: ")
        async with asyncio.timeout(5):
            await sandbox.stop()
        response.close()


async def test_tokens_live_as_long_as_told(http: aiohttp.ClientSession) -> None:
    now = 1_800_000_000.0
    async with Sandbox(token_life_s=120, clock=lambda: now) as sandbox:
        headers = {"Authorization": f"token {sandbox.grant}"}
        async with http.get(sandbox.github_api_url + "/copilot_internal/v2/token", headers=headers) as response:
            body = await response.json()
    assert (body["expires_at"], body["refresh_in"]) == (1_800_000_120, 100)


async def test_the_plan_may_change_while_it_runs(client: "Client", sandbox: Sandbox) -> None:
    sandbox.plan = "free_legacy"
    assert "limited_user_quotas" in (await client.github("/copilot_internal/user")).json


async def test_settings_lead_nowhere_else(sandbox: Sandbox) -> None:
    outside = Settings(
        github_url="https://github.com",
        enterprise_url="company.ghe.com",
        account_type="business",
        proxy_env=True,
        github_token="ghu_real",
        port=1234,
        origins={"port": "flag", "github_token": "GH_TOKEN"},
    )
    inside = sandbox.settings(outside)
    assert (inside.github_url, inside.github_api_url, inside.copilot_url) == (
        sandbox.github_url,
        sandbox.github_api_url,
        sandbox.copilot_url,
    )
    assert (inside.github_token, inside.enterprise_url, inside.account_type, inside.proxy_env) == (
        sandbox.grant,
        "",
        "individual",
        False,
    )
    assert (inside.port, inside.origins) == (1234, {"port": "flag", "github_token": "the sandbox"})


async def test_a_large_body_is_taken(client: "Client") -> None:
    got = await client.chat("x" * 20_000_000)
    assert got.json["error"]["code"] == "model_max_prompt_tokens_exceeded"


async def test_the_device_flow_asks_for_a_pace(http: aiohttp.ClientSession) -> None:
    async with Sandbox(poll_interval_s=7) as sandbox:
        form = {"client_id": "Iv1.b507a08c87ecfe98"}
        headers = {"Accept": "application/json"}
        async with http.post(sandbox.github_url + "/login/device/code", data=form, headers=headers) as response:
            assert (await response.json())["interval"] == 7


async def test_a_client_that_leaves_while_sending_does_no_harm(sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    port = int(sandbox.copilot_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
    await reader.read()
    writer.close()
    async with http.get(sandbox.copilot_url + "/_ping") as response:
        assert response.status == 200
