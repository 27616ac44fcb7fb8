"""A laptop's life with the real program: lids that are shut, cables that are pulled, networks that change.

Each time the first request afterwards succeeds, and nobody has done anything for it. Slow: real processes, real networks.
"""

import asyncio
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot_api.dialects.codec import loads
from copilot_api.sandbox import Sandbox
from copilot_api.upstream.watch import SETTLE_S
from tests.builders.netns import Network, network
from tests.builders.program import Program, Server
from tests.builders.sleeper import Sleeper
from tests.network.conftest import Far

pytestmark = pytest.mark.slow

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]}
HOUR_S = 3600.0
PROMPTLY_S = 4.0
"""Nobody waits for a time-out: the shortest of them would take ten seconds."""


@pytest.fixture
def cable(as_root: None) -> Iterator[Network]:
    """A network that is connected with the test's own by a cable."""
    with network() as made:
        yield made


@pytest.fixture
async def program(program: Program, cable: Network, far: Far) -> Program:
    """In that network, signed in at a sandbox at the other end of the cable."""
    return cable.of(await far.lead(program, cable.outside, at=cable.outside))


@pytest.fixture
def sleeper(program: Program, tmp_path: Path) -> Iterator[Sleeper]:
    """Puts the program to sleep."""
    sleeper = Sleeper(tmp_path / "clock")
    with sleeper.prepared(program):
        yield sleeper


async def answered(cable: Network, server: Server) -> float:
    """Asks something, which must be answered; gives the seconds that it took."""
    began = time.monotonic()
    status, body = await cable.post(server.url + "/v1/chat/completions", CHAT)
    assert (status, b'"object":"chat.completion"' in body) == (200, True), body
    return time.monotonic() - began


TOKEN, CHATTED = "/copilot_internal/v2/token", "/chat/completions"


def asked(sandbox: Sandbox) -> list[str]:
    """Which tokens and answers the sandbox was asked for, in order, since this was last called."""
    paths = [seen.path for seen in sandbox.seen]
    sandbox.seen.clear()
    return [path for path in paths if path in {TOKEN, CHATTED}]


async def said(server: Server) -> str:
    server.process.send_signal(signal.SIGTERM)
    ended = await server.ended()
    assert ended.code == 0
    return ended.err


async def test_a_link_that_goes_down_and_up_is_survived(program: Program, cable: Network) -> None:
    async with program.serving() as server:
        await answered(cable, server)
        cable.pull()
        await asyncio.sleep(1)
        cable.plug()
        assert await answered(cable, server) < PROMPTLY_S
        assert "the network is another one: connections are made anew" in await said(server)


async def test_another_network_with_another_address_is_survived(program: Program, cable: Network) -> None:
    """The old connection is still there, to the kernel: what is sent over it goes out, and no answer finds its way back."""
    async with program.serving() as server:
        await answered(cable, server)
        cable.pull()
        cable.plug(cable.inside.removesuffix(".2") + ".77")
        assert await answered(cable, server) < PROMPTLY_S


async def test_a_question_that_is_asked_while_the_network_is_being_joined_waits_for_it(
    program: Program, cable: Network
) -> None:
    async with program.serving() as server:
        await answered(cable, server)
        cable.pull()
        asking = asyncio.create_task(answered(cable, server))
        await asyncio.sleep(2)
        assert not asking.done()
        cable.plug()
        assert 2 <= await asking < 2 + PROMPTLY_S


async def test_a_network_that_stays_away_is_told_and_its_return_is_noticed(program: Program, cable: Network) -> None:
    async with program.serving() as server:
        await answered(cable, server)
        cable.pull()
        # It is waited for once.
        for within_s, told in ((SETTLE_S + PROMPTLY_S, (502, "upstream_unreachable")), (PROMPTLY_S, (503, "upstream_down"))):
            status, body = await cable.post(server.url + "/v1/chat/completions", CHAT, within_s=within_s)
            assert (status, loads(body)["error"]["code"]) == told
        cable.plug()
        assert await answered(cable, server) < PROMPTLY_S


async def test_a_token_that_could_not_be_renewed_is_renewed_as_soon_as_there_is_a_network(
    program: Program, cable: Network, sandbox: Sandbox, sleeper: Sleeper
) -> None:
    """Before anybody asks for anything, so that nobody waits for it."""
    async with program.serving() as server:
        frozen = sleeper.freeze(server.process.pid)
        cable.pull()
        sandbox.expire_tokens()
        sandbox.seen.clear()
        sleeper.thaw(frozen, after_s=HOUR_S)
        await asyncio.sleep(3)
        assert asked(sandbox) == []
        cable.plug()
        async with asyncio.timeout(PROMPTLY_S):
            while not sandbox.seen:  # noqa: ASYNC110 - the program is another process
                await asyncio.sleep(0.05)
        await answered(cable, server)
        assert asked(sandbox) == [TOKEN, CHATTED]


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_the_first_request_after_sleep_succeeds(
    program: Program, cable: Network, sandbox: Sandbox, sleeper: Sleeper, elsewhere: bool
) -> None:
    """Two hours of sleep: the token is too old, the connection is dead, the clock has jumped, and maybe the café is another."""
    async with program.serving() as server:
        await answered(cable, server)
        frozen = sleeper.freeze(server.process.pid)
        cable.pull()
        sandbox.expire_tokens()
        sandbox.seen.clear()
        cable.plug(cable.inside.removesuffix(".2") + ".77" if elsewhere else "")
        sleeper.thaw(frozen, after_s=2 * HOUR_S)
        assert await answered(cable, server) < PROMPTLY_S
        # No request was refused for an old token, and none went out twice.
        assert asked(sandbox) == [TOKEN, CHATTED]
        assert "the clock is 7200 s ahead, as after sleep: connections are made anew" in await said(server)


async def test_a_program_that_was_only_stopped_goes_on(program: Program, cable: Network, sleeper: Sleeper) -> None:
    """As with Ctrl-Z: neither clock has jumped against the other."""
    async with program.serving() as server:
        await answered(cable, server)
        frozen = sleeper.freeze(server.process.pid)
        await asyncio.sleep(2)
        sleeper.thaw(frozen, after_s=0)
        assert await answered(cable, server) < PROMPTLY_S


@pytest.mark.parametrize("skew_h", [-20, 20])
async def test_a_clock_that_is_hours_wrong_is_no_trouble(
    program: Program, cable: Network, sandbox: Sandbox, sleeper: Sleeper, skew_h: int
) -> None:
    sleeper.clock.write_text(f"{skew_h:+}h")
    async with program.serving() as server:
        await answered(cable, server)
        assert asked(sandbox).count(TOKEN) == 1
        await answered(cable, server)
        assert asked(sandbox) == [CHATTED]


@pytest.mark.parametrize(("skew_h", "said"), [(-72, "is not valid yet"), (72, "has expired")])
async def test_a_clock_by_which_certificates_are_not_valid_is_suspected(
    program: Program, sleeper: Sleeper, skew_h: int, said: str
) -> None:
    sleeper.clock.write_text(f"{skew_h:+}h")
    ended = await program.run("models")
    assert ended.code == 1
    assert f"error: no safe connection to GitHub: its certificate {said}\n" in ended.err
    assert re.search(r"hint: the clock of this machine says \d{4}-\d\d-\d\d \d\d:\d\d: is that right\?\n", ended.err)
