"""How it ends: politely for whoever asks politely, whichever of its processes is asked, and leaving no process behind."""

import asyncio
import os
import signal
import time
from typing import Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.processes import all_gone, family
from tests.builders.program import Program

STREAM: dict[str, Any] = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Hei"}]}
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# Of the one file these may be two processes; whoever manages it knows the first, `killall` and a terminal reach both.
ASKED = ["the first", "the last", "all"]


def asked(members: list[int], which: str) -> list[int]:
    return {"the first": members[:1], "the last": members[-1:], "all": members}[which]


@pytest.mark.parametrize("which", ASKED)
@pytest.mark.parametrize("number", SIGNALS)
async def test_a_signal_ends_it_and_all_that_belongs_to_it(compiled: Program, number: signal.Signals, which: str) -> None:
    async with compiled.serving() as server:
        members = family(server.process.pid)
        for process in asked(members, which):
            os.kill(process, number)
        ended = await server.ended()
    assert (ended.code, ended.out) == (0, "")
    assert "\nstopping" in ended.err
    assert "Traceback" not in ended.err
    await all_gone(members)


@pytest.mark.parametrize("number", SIGNALS)
async def test_a_stream_of_twelve_seconds_comes_to_its_end(compiled: Program, number: signal.Signals, sandbox: Sandbox) -> None:
    sandbox.pace_s = 0.6
    sandbox.script.answer("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen")
    async with compiled.serving() as server, aiohttp.ClientSession() as http:
        async with http.post(f"{server.url}/v1/chat/completions", json=STREAM) as response:
            await response.content.readany()
            started = time.monotonic()
            server.process.send_signal(number)
            rest = await response.content.read()
            lasted = time.monotonic() - started
        ended = await server.ended()
    assert rest.endswith(b"data: [DONE]\n\n")
    assert lasted > 8
    assert ended.code == 0


async def test_a_second_ctrl_c_does_not_wait(compiled: Program, sandbox: Sandbox) -> None:
    sandbox.script.fault("stall_mid")
    async with (
        compiled.serving() as server,
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/v1/chat/completions", json=STREAM) as response,
    ):
        await response.content.readany()
        members = family(server.process.pid)
        server.process.send_signal(signal.SIGINT)
        await server.said("stopping; open requests (1)")
        server.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(8):
            ended = await server.ended()
    assert ended.code == 130
    await all_gone(members)


@pytest.mark.parametrize("which", ASKED)
async def test_killed_it_is_gone_and_can_be_started_again(compiled: Program, which: str) -> None:
    async with compiled.serving() as server:
        members = family(server.process.pid)
        for process in asked(members, which):
            os.kill(process, signal.SIGKILL)
        assert (await server.ended()).code in {-signal.SIGKILL, 128 + signal.SIGKILL}
    await all_gone(members)
    async with compiled.serving(), compiled.serving() as other:
        assert other.url


async def test_exit_codes_say_how_it_went(compiled: Program, sandbox: Sandbox) -> None:
    assert (await compiled.run("models")).code == 0
    assert (await compiled.run("strat")).code == 2
    sandbox.revoke()
    assert (await compiled.run("models")).code == 1


async def test_two_serve_side_by_side_and_a_third_is_told_that_its_port_is_taken(compiled: Program) -> None:
    async with compiled.serving() as one, compiled.serving() as other:
        assert one.url != other.url
        third = await compiled.run("start", "--port", one.url.rpartition(":")[2])
        assert third.code == 1
        assert "is in use" in third.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_in_the_background_of_a_script_it_hears_signals_too(compiled: Program, number: signal.Signals) -> None:
    """packaging.md §7.19: a script's `copilot-api start &` is told to ignore Ctrl-C."""
    compiled.starts = ("/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *compiled.starts)
    async with compiled.serving() as server:
        server.process.send_signal(number)
        assert (await server.ended()).code == 0
