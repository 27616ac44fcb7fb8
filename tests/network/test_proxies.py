"""The program behind the network proxies that people have: Debian's own, as they come. Slow: each is a process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders import network_proxies as installed
from tests.builders.addresses import SpareAddress
from tests.builders.network_proxies import FORBIDDEN, IN_URL, NAME, PASSWORD, PLAIN_PASSWORD, NetworkProxy
from tests.builders.program import Ended, Program
from tests.builders.tls import Authority
from tests.network.conftest import HOST, Far

pytestmark = pytest.mark.slow

CHAT = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Hei"}]}

Start = Callable[..., AbstractAsyncContextManager[NetworkProxy]]


@pytest.fixture
def tinyproxy(as_root: None) -> Start:
    return installed.tinyproxy


@pytest.fixture
def squid(as_root: None) -> Start:
    return installed.squid


@pytest.fixture
def microsocks(as_root: None) -> Start:
    return installed.microsocks


@pytest.fixture
def danted(as_root: None) -> Start:
    return installed.danted


@pytest.fixture
async def program(program: Program, far: Far) -> Program:
    """Signed in at a sandbox that only proxies know the way to."""
    return await far.lead(program)


async def models(program: Program, *arguments: str) -> Ended:
    """What becomes of a short command, and that no password is in it."""
    ended = await program.run("models", "--json", "--verbose", *arguments)
    assert not [secret for secret in (PASSWORD, IN_URL, PLAIN_PASSWORD) if secret in ended.out + ended.err]
    return ended


def works(ended: Ended) -> bool:
    assert ended.code == 0, ended.err
    return "gpt-4.1" in {model["id"] for model in json.loads(ended.out)}


async def streamed(url: str, http: aiohttp.ClientSession) -> str:
    async with http.post(url + "/v1/chat/completions", json=CHAT) as response:
        assert response.status == 200, await response.text()
        return await response.text()


async def test_without_the_proxy_nobody_knows_the_way(program: Program, as_root: None) -> None:
    """What shows that the others show something."""
    ended = await models(program)
    assert ended.code == 1
    assert "error: the address of GitHub could not be looked up" in ended.err


@pytest.mark.parametrize("spelling", ["--proxy", "COPILOT_API_PROXY", "config.toml", "HTTPS_PROXY", "all_proxy"])
async def test_a_proxy_may_be_named_in_every_way(
    tinyproxy: Start, program: Program, tmp_path: Path, unused_tcp_port: int, spelling: str
) -> None:
    url, arguments = f"http://{NAME}:{PLAIN_PASSWORD}@127.0.0.1:{unused_tcp_port}", []
    if spelling.startswith("--"):
        arguments = [spelling, url]
    elif spelling == "config.toml":
        (tmp_path / spelling).write_text(f'proxy = "{url}"\n')
        program.environ["COPILOT_API_CONFIG"] = str(tmp_path / spelling)
    else:
        program.environ[spelling] = url
        arguments = [] if spelling.startswith("COPILOT") else ["--proxy-env"]
    async with tinyproxy(tmp_path, unused_tcp_port, wants_password=True):
        assert works(await models(program, *arguments))


async def test_a_server_keeps_its_connections_through_a_proxy(
    tinyproxy: Start, program: Program, tmp_path: Path, unused_tcp_port: int, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    program.environ["COPILOT_API_PROXY"] = f"http://127.0.0.1:{unused_tcp_port}"
    async with tinyproxy(tmp_path, unused_tcp_port) as proxy, program.serving() as server:
        before = proxy.connections()
        for _ in range(3):
            assert "data: [DONE]" in await streamed(server.url, http)
        assert proxy.connections() - before <= 1
        assert len([seen for seen in sandbox.seen if seen.path == "/chat/completions"]) == 3


@pytest.mark.parametrize("wants_password", [False, True])
async def test_squid_leads_there(
    squid: Start, program: Program, tmp_path: Path, unused_tcp_port: int, wants_password: bool
) -> None:
    async with squid(tmp_path, unused_tcp_port, wants_password=wants_password):
        assert works(await models(program, "--proxy", f"http://{IN_URL}@127.0.0.1:{unused_tcp_port}"))


async def test_squid_leads_there_over_tls(
    squid: Start, program: Program, tmp_path: Path, unused_tcp_port: int, authority: Authority
) -> None:
    """The way to the proxy is safe as well, so that nobody on the company's network reads name and password."""
    certificate = authority.certificate("127.0.0.1")
    proxy = f"https://{IN_URL}@127.0.0.1:{unused_tcp_port}"
    async with squid(tmp_path, unused_tcp_port, wants_password=True, certificate=certificate):
        assert works(await models(program, "--proxy", proxy))
        program.environ["COPILOT_API_CA_FILE"] = ""
        ended = await models(program, "--proxy", proxy)
    assert ended.code == 1
    assert f"network proxy 127.0.0.1:{unused_tcp_port}: its certificate is signed by 'Corp Root CA', which" in ended.err


@pytest.mark.parametrize("wants_password", [False, True])
async def test_microsocks_leads_there(
    microsocks: Start, program: Program, tmp_path: Path, unused_tcp_port: int, wants_password: bool
) -> None:
    """And looks the name up, which nobody here knows."""
    async with microsocks(tmp_path, unused_tcp_port, wants_password=wants_password):
        assert works(await models(program, "--proxy", f"socks5h://{IN_URL}@127.0.0.1:{unused_tcp_port}"))
        ended = await models(program, "--proxy", f"socks5://{IN_URL}@127.0.0.1:{unused_tcp_port}")
    assert ended.code == 1
    assert f"error: the address of {HOST} could not be looked up" in ended.err
    assert "hint: with socks5h:// instead of socks5:// the proxy looks names up" in ended.err


async def test_dante_leads_there_by_name_and_by_number(
    danted: Start, program: Program, tmp_path: Path, unused_tcp_port: int, spare_address: SpareAddress, far: Far
) -> None:
    async with danted(tmp_path, unused_tcp_port):
        assert works(await models(program, "--proxy", f"socks5h://127.0.0.1:{unused_tcp_port}"))
        spare_address.take()
        await far.lead(program, spare_address.host, at=spare_address.host)
        assert works(await models(program, "--proxy", f"socks5://127.0.0.1:{unused_tcp_port}"))


@pytest.mark.parametrize("kind", ["tinyproxy", "squid", "microsocks"])
async def test_a_missing_and_a_wrong_password_are_told_apart(
    kind: str, tinyproxy: Start, squid: Start, microsocks: Start, program: Program, tmp_path: Path, unused_tcp_port: int
) -> None:
    start = {"tinyproxy": tinyproxy, "squid": squid, "microsocks": microsocks}[kind]
    scheme = "socks5h" if kind == "microsocks" else "http"
    where = f"127.0.0.1:{unused_tcp_port}"
    async with start(tmp_path, unused_tcp_port, wants_password=True):
        missing = await models(program, "--proxy", f"{scheme}://{where}")
        assert missing.code == 1
        assert f"error: the network proxy {where} wants a name and password\n" in missing.err
        assert f"hint: write them into --proxy: {scheme}://NAME:PASSWORD@{where}\n" in missing.err
        wrong = await models(program, "--proxy", f"{scheme}://me:pass-canary@{where}")
        assert wrong.code == 1
        assert "does not accept the name and password" in wrong.err
        assert "pass-canary" not in wrong.err


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("tinyproxy", f"does not connect to {FORBIDDEN}: it answered 403"),
        ("squid", f"does not connect to {FORBIDDEN}: it answered 403"),
        ("danted", f"does not connect to {FORBIDDEN}: its rules do not allow it"),
    ],
)
async def test_what_the_rules_forbid_is_told(
    kind: str,
    said: str,
    tinyproxy: Start,
    squid: Start,
    danted: Start,
    program: Program,
    tmp_path: Path,
    unused_tcp_port: int,
    far: Far,
) -> None:
    start = {"tinyproxy": tinyproxy, "squid": squid, "danted": danted}[kind]
    await far.lead(program, FORBIDDEN)
    async with start(tmp_path, unused_tcp_port):
        ended = await models(program, "--proxy", f"{'socks5h' if kind == 'danted' else 'http'}://127.0.0.1:{unused_tcp_port}")
    assert ended.code == 1
    assert f"error: the network proxy 127.0.0.1:{unused_tcp_port} {said}\n" in ended.err
    assert "hint: whoever runs it must allow github.com, api.github.com and githubcopilot.com\n" in ended.err


@pytest.mark.parametrize("kind", ["squid", "microsocks"])
async def test_a_host_that_a_proxy_cannot_reach_is_told(
    kind: str, squid: Start, microsocks: Start, program: Program, tmp_path: Path, unused_tcp_port: int, far: Far
) -> None:
    program.environ |= {f"COPILOT_API_{name}": f"https://{HOST}:1" for name in ("GITHUB_URL", "GITHUB_API_URL", "COPILOT_URL")}
    start = {"squid": squid, "microsocks": microsocks}[kind]
    async with start(tmp_path, unused_tcp_port):
        ended = await models(program, "--proxy", f"{'http' if kind == 'squid' else 'socks5h'}://127.0.0.1:{unused_tcp_port}")
    assert ended.code == 1
    assert f"error: the network proxy 127.0.0.1:{unused_tcp_port} does not connect to {HOST}: " in ended.err


async def test_excepted_hosts_are_reached_directly(
    tinyproxy: Start, program: Program, tmp_path: Path, unused_tcp_port: int, spare_address: SpareAddress, far: Far
) -> None:
    spare_address.take()
    await far.lead(program, spare_address.host, at=spare_address.host)
    program.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{unused_tcp_port}"
    async with tinyproxy(tmp_path, unused_tcp_port) as proxy:
        assert works(await models(program, "--proxy-env"))
        used = proxy.connections()
        assert used > 0
        program.environ["NO_PROXY"] = "localhost,10.235.255.0/24"
        assert works(await models(program, "--proxy-env"))
        assert proxy.connections() == used


@pytest.mark.parametrize("kind", ["tinyproxy", "microsocks"])
async def test_a_proxy_that_dies_in_the_middle_ends_the_stream_with_an_error_and_is_used_again_when_it_is_back(
    kind: str,
    tinyproxy: Start,
    microsocks: Start,
    program: Program,
    tmp_path: Path,
    unused_tcp_port: int,
    http: aiohttp.ClientSession,
    sandbox: Sandbox,
) -> None:
    start = {"tinyproxy": tinyproxy, "microsocks": microsocks}[kind]
    program.environ["COPILOT_API_PROXY"] = f"{'http' if kind == 'tinyproxy' else 'socks5h'}://127.0.0.1:{unused_tcp_port}"
    async with start(tmp_path, unused_tcp_port) as proxy, program.serving() as server:
        sandbox.script.fault("stall_mid", after=3)
        async with http.post(server.url + "/v1/chat/completions", json=CHAT) as response:
            await response.content.readuntil(b"\n\n")
            await proxy.kill()
            async with asyncio.timeout(10):
                rest = (await response.read()).decode()
        assert "The connection to Copilot broke in the middle of its answer" in rest
        async with http.post(server.url + "/v1/chat/completions", json=CHAT) as response:
            assert response.status == 502
            problem = (await response.json())["error"]
        assert problem["code"] == "network_proxy_failed"
        assert f"The network proxy 127.0.0.1:{unused_tcp_port} could not be reached" in problem["message"]
        async with start(tmp_path, unused_tcp_port):
            assert "data: [DONE]" in await streamed(server.url, http)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_setting_that_makes_no_sense_is_told_with_exit_code_2(program: Program, tmp_path: Path) -> None:
    ended = await models(program, "--proxy", f"socks4://{IN_URL}@proxy")
    assert ended.code == 2
    assert "error: --proxy must begin with http://, https://, socks5:// or socks5h://\n" in ended.err
    ended = await program.run("start", "--ca-file", str(tmp_path / "none.pem"))
    assert ended.code == 2
    assert f"error: --ca-file names {tmp_path}/none.pem, which does not exist\n" in ended.err
