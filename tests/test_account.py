"""What a command needs to talk to GitHub: the right hosts, the network's proxy when asked for, the sandbox when asked for."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from copilot_api.account import account, catalog
from copilot_api.errors import SettingsBroken
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream import grants
from tests.builders.program import Program


class Proxy:
    """A network proxy that lets nothing through and remembers who asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []

    async def refuse(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(f"{request.method} {request.raw_path}")
        return web.Response(status=502)


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    proxy = Proxy()
    runner = web.ServerRunner(web.Server(proxy.refuse))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield proxy
    await runner.cleanup()


async def test_the_proxy_of_the_environment_is_used_when_asked_for(program: Program, sandbox: Sandbox, proxy: Proxy) -> None:
    """compat.md §2.1 ⚠: the original's --proxy-env silently did nothing under Bun."""
    program.uses(sandbox, grant=sandbox.grant)
    program.environ["HTTP_PROXY"] = proxy.url
    assert (await program.run("auth", "status")).code == 0
    assert proxy.asked == []
    assert (await program.run("auth", "status", "--proxy-env")).code == 1
    assert proxy.asked == [f"GET {sandbox.github_api_url}/user"]
    ended = await program.run("start", "--port", "0", "--proxy-env")
    assert ended.code == 1
    assert f"GET {sandbox.github_api_url}/copilot_internal/v2/token" in proxy.asked


async def test_the_sandbox_comes_and_goes_with_the_command() -> None:
    async with account(Settings(sandbox=True)) as opened:
        grant = await grants.find(opened.settings)
        assert grant.origin == "the sandbox"
        assert (await opened.github.user(grant))["login"] == "sandbox-dev"
        assert "gpt-4.1" in await catalog(opened, grant).models()


async def test_hosts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsBroken, match="enterprise_url"):
        async with account(Settings(enterprise_url="https://example.com")):
            pass
