"""The connections of one run are put together as the settings say, and leave nothing behind."""

import asyncio
from pathlib import Path

import pytest

from copilot_api.errors import SettingsBroken
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.connections import connected
from tests.upstream.conftest import FakeClock


async def test_they_say_no_more_than_they_must(sandbox: Sandbox, clock: FakeClock) -> None:
    async with connected(Settings(), clock) as opened:
        for _ in range(2):
            async with opened.http.get(sandbox.github_api_url + "/x") as response:
                response.cookies["a"] = "b"
        assert set(sandbox.seen[-1].headers) == {"Host", "Accept-Encoding", "Accept", "User-Agent"}
        assert sandbox.seen[-1].headers["Accept-Encoding"] == "gzip, deflate"
    assert opened.http.closed


async def test_what_cannot_be_used_is_told_before_anything_is_opened(clock: FakeClock, tmp_path: Path) -> None:
    for settings in (Settings(proxy="ftp://x"), Settings(ca_file=str(tmp_path / "none.pem"))):
        with pytest.raises(SettingsBroken):
            async with connected(settings, clock):
                pass


async def test_a_variable_of_which_nothing_comes_is_told(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://a:1")
    async with connected(Settings(), clock):
        assert caplog.text == ""
    async with connected(Settings(proxy_env=True), clock):
        assert "HTTP_PROXY is for http:// only, and GitHub is reached over https: set HTTPS_PROXY" in caplog.text


async def test_a_change_reaches_all_who_are_to_know(clock: FakeClock) -> None:
    async with connected(Settings(), clock) as opened:
        waiting = asyncio.create_task(opened.watch.after(0))
        clock.suspend(60)
        opened.watch.look()
        assert await waiting == 1
        assert opened.proxies._is_doubted
