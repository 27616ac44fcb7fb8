"""A real browser on a hostile page: nothing that the page tries reaches a handler that matters, and it reads nothing."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.service import Service
from tests.builders.browser import attacker, rebound, secrets_in, visiting
from tests.conftest import MakeService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

WITHIN_S = 120.0
OURS = ("gpt-4.1", "sandbox", "Server running", "uptime_s", "tid=", "fired", "simulated", "read: open", "response.created")
"""Words of our answers."""

LINE = re.compile(r"\b(GET|HEAD|POST|PUT|OPTIONS) (\S+) (\d{3}), \d+ bytes in")
WAYS = 6 * 14 + 3 * 15 + 2
"""To reach one target, as the page counts them."""


@pytest.fixture
async def victim(make_service: MakeService, caplog: pytest.LogCaptureFixture) -> Service:
    caplog.set_level("DEBUG", "copilot_api.server.middleware")
    return await make_service(serve_token=True)


def answered(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, int]]:
    """Every request that came: its method, its path, and the status of our answer."""
    return [(found[1], found[2], int(found[3])) for found in map(LINE.search, caplog.messages) if found]


@pytest.fixture
async def profile(browser: None, tmp_path: Path) -> Path:
    folder = tmp_path / "profile"
    folder.mkdir()
    return folder


async def test_a_page_of_another_origin_reaches_and_reads_nothing(
    victim: Service, sandbox: Sandbox, profile: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = victim.url.rpartition(":")[2]
    names = ("127.0.0.1", "localhost", "[::1]", "app.localhost", "0.0.0.0")  # noqa: S104 - asked for, not bound
    before = len(sandbox.seen)
    async with attacker() as evil:
        targets = [f"http://{name}:{port}" for name in names]
        async with visiting(evil.url("prize.test", targets), profile, "--host-resolver-rules=MAP prize.test 127.0.0.1"):
            told = await asyncio.wait_for(evil.told, WITHIN_S)
    assert len(told) == WAYS * len(names)
    assert secrets_in(told, OURS) == []
    came = answered(caplog)
    assert len(came) > 100, "the browser sent nothing, so nothing was tried"
    assert {status for _, _, status in came} == {403}
    assert [seen.path for seen in sandbox.seen[before:]] == []


async def test_a_page_of_this_machine_at_another_port_is_foreign_too(
    victim: Service, sandbox: Sandbox, profile: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What somebody develops there may hold words of anybody; for a browser it is the same site."""
    before = len(sandbox.seen)
    async with attacker() as evil, visiting(evil.url("127.0.0.1", [victim.url]), profile):
        told = await asyncio.wait_for(evil.told, WITHIN_S)
    assert secrets_in(told, OURS) == []
    came = answered(caplog)
    assert len(came) > 20
    assert {status for _, _, status in came} == {403}
    assert [seen.path for seen in sandbox.seen[before:]] == []


async def test_a_name_that_is_rebound_reaches_and_reads_nothing(
    victim: Service, sandbox: Sandbox, profile: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """For the browser all of it is one origin, so that it asks nobody whether the page may; only the Host tells."""
    port = int(victim.url.rpartition(":")[2])
    before = len(sandbox.seen)
    async with attacker() as evil, rebound("127.0.0.9", evil.port, port) as name:
        url = evil.url("evil.test", [f"http://evil.test:{port}"], port)
        async with visiting(url, profile, "--host-resolver-rules=MAP evil.test 127.0.0.9"):
            told = await asyncio.wait_for(evil.told, WITHIN_S)
    assert name.switched > 100
    assert secrets_in(told, OURS) == []
    read = [one for one in told if "403" in one["told"]]
    assert len(read) > 10, "as its own origin the page reads what we answer, which is that it may not"
    assert {status for _, _, status in answered(caplog)} == {403}
    assert [seen.path for seen in sandbox.seen[before:]] == []


async def test_a_page_that_is_trusted_reads_what_it_asks_for(
    make_service: MakeService, profile: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same page, once it is let in: so the tests above would see it if it were."""
    caplog.set_level("DEBUG", "copilot_api.server.middleware")
    async with attacker() as evil:
        trusted = await make_service(cors_origins=(f"http://prize.test:{evil.port}",))
        url = evil.url("prize.test", [trusted.url])
        async with visiting(url, profile, "--host-resolver-rules=MAP prize.test 127.0.0.1"):
            told = await asyncio.wait_for(evil.told, WITHIN_S)
    ways = {json.dumps(one["name"].partition(" ")[2]) for one in secrets_in(told, OURS)}
    assert {'"fetch /v1/models"', '"post application/json /v1/chat/completions"', '"socket"'} <= ways
    assert 200 in {status for _, _, status in answered(caplog)}
