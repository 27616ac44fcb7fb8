"""How `start` ends, and what it asks a person: sign-in, models for Claude Code."""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program
from tests.builders.waiting import eventually

if sys.platform != "win32":
    from tests.builders.program import OnScreen

STREAM: dict[str, Any] = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "hei"}]}


@asynccontextmanager
async def open_stream(url: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """A streamed answer that has begun."""
    async with aiohttp.ClientSession() as http, http.post(f"{url}/v1/chat/completions", json=STREAM) as response:
        assert response.status == 200
        await response.content.readany()
        yield response


if sys.platform != "win32":

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    async def test_without_open_requests_it_stops_at_once(program: Program, sandbox: Sandbox, number: signal.Signals) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        async with program.serving() as server:
            server.process.send_signal(number)
            ended = await server.ended()
        assert (ended.code, ended.out) == (0, "")
        assert ended.err.endswith("press Ctrl-C to stop\nstopping\n")

    async def test_an_open_stream_may_finish(program: Program) -> None:
        async with Sandbox(pace_s=0.05) as sandbox:
            program.uses(sandbox, grant=sandbox.grant)
            sandbox.script.answer("word " * 20)
            async with program.serving() as server, open_stream(server.url) as response:
                server.process.send_signal(signal.SIGINT)
                await server.said("stopping; open requests (1) get up to 30 s to finish, Ctrl-C again stops at once")
                rest = await response.content.read()
                ended = await server.ended()
        assert rest.endswith(b"data: [DONE]\n\n")
        assert ended.code == 0

    async def test_a_closed_terminal_ends_it(program: Program, sandbox: Sandbox) -> None:
        """There is nobody left to tell of it, which is no reason to stay."""
        program.uses(sandbox, grant=sandbox.grant)
        outer, inner = os.openpty()
        process = await asyncio.create_subprocess_exec(
            *program.command("start", "--port", "0", "--verbose"),
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env=program.environ,
            preexec_fn=lambda: os.login_tty(inner),
        )
        os.close(inner)
        shown = b""
        while b"press Ctrl-C to stop" not in shown:
            shown += await asyncio.to_thread(os.read, outer, 65536)
        os.close(outer)
        async with asyncio.timeout(10):
            assert await process.wait() == 0

    async def test_nohup_is_heeded(program: Program, sandbox: Sandbox) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        program.starts = ("/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh", *program.starts)
        async with program.serving() as server:
            server.process.send_signal(signal.SIGHUP)
            async with open_stream(server.url):
                pass
            server.process.terminate()
            assert (await server.ended()).code == 0

    async def test_a_second_ctrl_c_stops_at_once(program: Program, sandbox: Sandbox) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        sandbox.script.fault("stall_mid")
        async with program.serving() as server, open_stream(server.url) as response:
            server.process.send_signal(signal.SIGINT)
            await server.said("stopping; open requests (1)")
            server.process.send_signal(signal.SIGINT)
            await server.said("stopping at once")
            async with asyncio.timeout(10):
                ended = await server.ended()
                rest = await response.content.read()
        assert ended.code == 130
        assert b"[DONE]" not in rest
        assert "Traceback" not in ended.err

    async def test_ctrl_c_while_it_starts_is_clean(program: Program, sandbox: Sandbox) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        sandbox.script.fault("stall", path="/models")
        process = await program.start("start", "--port", "0")
        await eventually(lambda: any(seen.path == "/models" for seen in sandbox.seen))
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            out, err = await process.communicate()
        assert (process.returncode, out, err) == (130, b"", b"interrupted\n")

    async def test_on_a_terminal_a_missing_sign_in_is_made_up_for(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        """compat.md §2.1: the original logged in by itself when it was started."""
        program.uses(sandbox)
        sandbox.script.device("granted")
        screen = await on_screen("start", "--port", "0")
        await screen.expect("warning: you are not signed in\nenter the code ")
        await screen.expect("signed in as sandbox-dev")
        await screen.expect("press Ctrl-C to stop\n")
        screen.interrupt()
        assert await screen.ended() == 0

    async def test_a_token_given_by_name_is_not_replaced_by_a_sign_in(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        sandbox.revoke()
        screen = await on_screen("start", "--port", "0")
        assert await screen.ended() == 1
        assert "enter the code" not in screen.shown
        assert "GH_TOKEN" in screen.shown

    async def test_claude_code_without_a_clipboard_prints_the_command(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        """compat.md §2.1: two questions, then a launch command; printed when it cannot be copied."""
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--claude-code", environ={"SHELL": "/bin/bash"})
        await screen.expect("main model for Claude Code [")
        screen.type("sonnet-4.6\n")
        await screen.expect("small, fast model [")
        screen.type("\n")
        await screen.expect("warning: there is no clipboard here\nhint: paste this into another terminal\n")
        await screen.expect("&& claude\n")
        words = shlex.split(next(line for line in screen.shown.splitlines() if line.startswith("export ")))
        url = screen.shown.split(" at ")[1].split("\n")[0]
        assert words[1:5] == [
            f"ANTHROPIC_BASE_URL={url}",
            "ANTHROPIC_AUTH_TOKEN=dummy",
            "ANTHROPIC_MODEL=claude-sonnet-4.6",
            "ANTHROPIC_DEFAULT_SONNET_MODEL=claude-sonnet-4.6",
        ]
        assert "ANTHROPIC_SMALL_FAST_MODEL=claude-haiku-4.5" in words
        screen.interrupt()
        assert await screen.ended() == 0

    async def test_claude_code_command_is_copied_where_there_is_a_clipboard(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        copier = program.home / "xclip"
        copier.write_text(f"#!/bin/sh\ncat > {program.home}/clipboard\n", "utf-8")
        copier.chmod(0o755)
        desk = {"DISPLAY": ":0", "PATH": f"{program.home}:{program.environ['PATH']}", "SHELL": "/usr/bin/fish"}
        screen = await on_screen("start", "--port", "0", "-c", "--api-key", "local-key", environ=desk)
        await screen.expect("main model for Claude Code [")
        screen.type("\n")
        await screen.expect("small, fast model [")
        screen.type("\n")
        await screen.expect("the command that starts Claude Code is on the clipboard")
        copied = (program.home / "clipboard").read_text("utf-8")
        assert copied.startswith("set -gx ANTHROPIC_BASE_URL http://127.0.0.1:")
        assert "set -gx ANTHROPIC_AUTH_TOKEN local-key;" in copied
        assert copied.endswith(" && claude")
        assert "set -gx" not in screen.shown
        screen.interrupt()
        assert await screen.ended() == 0

    async def test_ctrl_c_at_a_question_ends_the_program(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--claude-code")
        await screen.expect("main model for Claude Code [")
        screen.interrupt()
        assert await screen.ended() == 0
        assert screen.shown.endswith("stopping\n")

    async def test_leaving_a_question_ends_the_program_too(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--claude-code")
        await screen.expect("main model for Claude Code [")
        screen.type("\x04")
        assert await screen.ended() == 130
        assert "Traceback" not in screen.shown

    async def test_without_a_usable_model_claude_code_is_refused(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        sandbox.models = [entry for entry in sandbox.models if entry["id"] == "text-embedding-3-small"]
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--claude-code")
        assert await screen.ended() == 1
        assert "error: no model of this account can be used with Claude Code\n" in screen.shown
