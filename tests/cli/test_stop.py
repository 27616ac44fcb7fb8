"""`stop`: ends a server from another terminal, as politely as Ctrl-C in its own."""

import asyncio
import json
import sys

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program
from tests.cli.test_serve import open_stream

if sys.platform != "win32":
    from tests.builders.program import OnScreen


async def test_where_nobody_serves_there_is_nothing_to_stop(program: Program) -> None:
    ended = await program.run("stop")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error: no copilot-api is serving\nhint: run copilot-api start\n"


async def test_a_server_is_stopped_and_says_why(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving() as server:
        port = server.url.rpartition(":")[2]
        ended = await program.run("stop")
        served = await server.ended()
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"stopping the server on port {port} (process {server.process.pid})\nstopped\n"
    assert served.code == 0
    assert served.err.endswith("press Ctrl-C to stop\nstopping, as another program of yours asked\n")


async def test_open_streams_may_finish(program: Program) -> None:
    async with Sandbox(pace_s=0.05) as sandbox:
        program.uses(sandbox, grant=sandbox.grant)
        sandbox.script.answer("word " * 30)
        async with program.serving() as server, open_stream(server.url) as response:
            ended = await program.run("stop")
            rest = await response.content.read()
            assert (await server.ended()).code == 0
    assert rest.endswith(b"data: [DONE]\n\n")
    assert ended.err.splitlines()[1:] == ["waiting for 1 open request", "stopped"]


async def test_with_now_nobody_is_waited_for(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    sandbox.script.fault("stall_mid")
    async with program.serving() as server, open_stream(server.url) as response:
        polite = asyncio.gather(program.run("stop"))
        await server.said("stopping, as another program of yours asked")
        ended = await program.run("stop", "--now")
        rest = await response.content.read()
        served = await server.ended()
        [first] = await polite
    assert (ended.code, first.code) == (0, 0)
    assert b"[DONE]" not in rest
    assert b"shutting down" in rest
    assert served.code == 0  # what starts it again after a failure shall not
    assert "Traceback" not in served.err + ended.err + first.err


async def test_of_several_servers_one_is_named(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving() as first, program.serving() as second:
        ports = sorted(int(server.url.rpartition(":")[2]) for server in (first, second))
        told = json.loads((await program.run("status", "--json")).out)["servers"]
        assert [one["url"] for one in told] == [f"http://127.0.0.1:{port}" for port in ports]
        ended = await program.run("stop")
        assert ended.code == 1
        assert ended.err == (
            f"error: several servers run, on ports {ports[0]}, {ports[1]}\nhint: pass --port {ports[0]}, or another\n"
        )
        assert (await program.run("stop", "--port", str(ports[1]))).code == 0
        stopped = first if first.url.endswith(str(ports[1])) else second
        assert (await stopped.ended()).code == 0


if sys.platform != "win32":

    async def test_on_a_terminal_it_is_shown_what_is_waited_for_and_ctrl_c_leaves_it_to_itself(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        sandbox.script.fault("stall_mid")
        async with program.serving() as server, open_stream(server.url):
            screen = await on_screen("stop")
            await screen.expect("waiting for 1 open request, copilot-api stop --now ends them")
            screen.interrupt()
            assert await screen.ended() == 130
            assert server.process.returncode is None
            assert (await program.run("stop", "--now")).code == 0

    async def test_a_question_at_the_servers_terminal_does_not_keep_it(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--claude-code")
        await screen.expect("main model for Claude Code [")
        assert (await program.run("stop")).code == 0
        assert await screen.ended() == 0
