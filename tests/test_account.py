"""What a command needs to talk to GitHub: the right hosts, the network's proxy when asked for, the sandbox when asked for."""

import asyncio
from pathlib import Path

import pytest

from copilot_api.account import account, catalog
from copilot_api.errors import SettingsBroken
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream import grants
from tests.builders.detour import Detour
from tests.builders.program import Program
from tests.builders.tls import Authority, secured


async def test_every_command_goes_by_the_networks_proxy_when_asked_to(
    program: Program, sandbox: Sandbox, tmp_path: Path
) -> None:
    """compat.md §2.1 ⚠: the original's --proxy-env silently did nothing under Bun."""
    authority, detour = Authority(tmp_path), Detour()
    context = await asyncio.to_thread(authority.context, "copilot.test")
    async with secured(sandbox, context) as front, detour.running("http") as proxy:
        program.environ |= {f"COPILOT_API_{name.upper()}": url for name, url in front.urls("copilot.test").items()}
        program.environ |= {"GH_TOKEN": sandbox.grant, "HTTPS_PROXY": proxy}
        assert (await program.run("auth", "status")).code == 1
        assert detour.asked == []
        for command in (["auth", "status"], ["models"], ["check-usage"]):
            for option in (["--proxy-env"], ["--proxy", proxy]):
                detour.asked.clear()
                ended = await program.run(*command, *option, "--ca-file", str(authority.root))
                assert ended.code == 0, ended.err
                assert f"copilot.test:{front.github_api}" in detour.asked


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
