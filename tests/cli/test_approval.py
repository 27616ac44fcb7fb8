"""`--manual`: nothing goes to Copilot before the person at the terminal has said yes."""

import asyncio
import os
import sys

import aiohttp
import pytest

from copilot_api.cli.approval import TerminalApprover
from copilot_api.cli.terminal import Terminal
from copilot_api.remote import find
from copilot_api.sandbox import Sandbox
from copilot_api.server.limits import Summary
from tests.builders.program import Program
from tests.builders.waiting import eventually

QUESTION = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}

if sys.platform != "win32":
    from tests.builders.program import OnScreen, Screen

    async def ask(screen: Screen) -> tuple[int, str]:
        url = screen.shown.split(" at ")[1].split("\n")[0]
        headers = {"User-Agent": "test-client/1.0"}
        path = f"{url}/v1/chat/completions"
        async with aiohttp.ClientSession(headers=headers) as http, http.post(path, json=QUESTION) as response:
            return response.status, await response.text()

    async def test_each_request_is_asked_about_one_at_a_time(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        """compat.md §2.6 ⚠: concurrent prompts of the original were mixed up."""
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--manual")
        await screen.expect("press Ctrl-C to stop\n")
        both = asyncio.gather(ask(screen), ask(screen))
        await screen.expect("accept incoming request? [Y/n]")
        assert screen.shown.count("accept incoming request?") == 1
        assert "test-client/1.0 asks gpt-4.1: " in screen.shown
        assert "canary" not in screen.shown
        assert not [seen for seen in sandbox.seen if seen.path == "/chat/completions"]
        screen.type("y\n")
        await screen.expect("started by you\naccept incoming request? [Y/n] y\ntest-client/1.0 asks gpt-4.1: ")
        await screen.expect_times("accept incoming request? [Y/n]", 2)
        screen.type("n\n")
        answers = sorted(await both)
        assert [status for status, _ in answers] == [200, 403]
        assert "The person refused this request" in answers[1][1]
        screen.interrupt()
        assert await screen.ended() == 0

    async def test_a_client_that_leaves_takes_its_question_with_it(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--manual")
        await screen.expect("press Ctrl-C to stop\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await ask(screen)
        await screen.expect("that request needs no answer any more\n")
        second = asyncio.gather(ask(screen))
        await screen.expect_times("accept incoming request? [Y/n]", 2)
        screen.type("y\n")
        assert (await second)[0][0] == 200

    async def test_what_is_decided_elsewhere_first_is_decided_and_always_outlives_a_crash(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        folder = program.home / "copilot-api"
        screen = await on_screen("start", "--port", "0", "--manual")
        await screen.expect("press Ctrl-C to stop\n")
        both = asyncio.gather(ask(screen), ask(screen))
        await screen.expect("accept incoming request? [Y/n]")
        [remote] = await find([folder])
        while len(remote.status.waiting) < 2:
            await remote.ask()
        assert {waiting.client for waiting in remote.status.waiting} == {"test-client"}
        assert await remote.approve(remote.status.waiting[1].id, "always")
        assert [status for status, _ in await both] == [200, 200]
        await screen.expect("that request needs no answer any more\n")
        assert screen.shown.count("accept incoming request?") == 1
        kept = program.home / ".local" / "share" / "copilot-api" / "private" / "approvals.json"
        await eventually(kept.exists)
        screen.process.kill()
        await screen.process.wait()
        again = await on_screen("start", "--port", "0", "--manual")
        await again.expect("press Ctrl-C to stop\n")
        [remote] = await find([folder])
        assert remote.status.approved == ("test-client",)
        assert (await ask(again))[0] == 200
        assert await remote.ask_again("test-client")
        asking = asyncio.gather(ask(again))
        await again.expect("accept incoming request? [Y/n]")
        again.type("n\n")
        assert (await asking)[0][0] == 403

    async def test_nobody_at_the_terminal_means_no(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        screen = await on_screen("start", "--port", "0", "--manual")
        await screen.expect("press Ctrl-C to stop\n")
        answer = asyncio.gather(ask(screen))
        await screen.expect("accept incoming request? [Y/n]")
        screen.type("\x04")
        assert (await answer)[0][0] == 403
        await screen.expect("warning: nobody is at the terminal any more, so the request is refused\n")


@pytest.mark.parametrize(("size_bytes", "shown"), [(900, "900 bytes"), (90_000, "88 KiB")])
async def test_the_size_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], size_bytes: int, shown: str
) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"y\n")
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        summary = Summary(dialect="chat", model="gpt-4.1", client="", size_bytes=size_bytes, initiator="agent")
        assert await TerminalApprover(Terminal()).approve(summary)
    assert capsys.readouterr().err.splitlines()[0] == f"a client asks gpt-4.1: {shown}, started by the client itself"
