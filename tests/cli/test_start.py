"""`start` with the real program: what it says, what it refuses, and the promises it keeps."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from tests.builders.program import Program

OWN_NAME = Path("/proc/self/comm").read_text("utf-8").strip() if sys.platform == "linux" else ""
QUESTION = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}


async def asked(url: str, *, path: str = "/v1/chat/completions") -> tuple[int, str]:
    """Status and body of a chat request."""
    async with aiohttp.ClientSession() as http, http.post(url + path, json=QUESTION) as response:
        return response.status, await response.text()


async def test_it_says_what_is_served_for_whom_and_how_to_use_it(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving() as server:
        url = server.url
        first, anthropic, openai, key, models, last = server.err.splitlines()
        assert first == f"serving GitHub Copilot of sandbox-dev at {url}"
        assert anthropic == f"  Anthropic clients  ANTHROPIC_BASE_URL={url}"
        assert openai == f"  OpenAI clients     OPENAI_BASE_URL={url}/v1"
        assert key == "  API key            any, such as dummy"
        assert models.startswith("  models             gpt-4.1, ")
        assert last == "press Ctrl-C to stop"
        sandbox.script.answer("answer-canary")
        status, body = await asked(url)
        assert status == 200
        assert "answer-canary" in body


async def test_a_token_in_gh_token_is_all_a_container_needs(program: Program, sandbox: Sandbox) -> None:
    """compat.md §2.2 ⚠: the original's container passed `start -g` itself, so that a second `start` broke it."""
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving() as server:
        assert "of sandbox-dev" in server.err
        assert sandbox.grant not in " ".join(program.command("start"))


async def test_the_old_options_still_start_it(program: Program, sandbox: Sandbox) -> None:
    """compat.md §2.1."""
    program.uses(sandbox)
    old = ["-v", "-a", "individual", "-r", "1", "-w", "-g", sandbox.grant, "--proxy-env"]
    async with program.serving(*old) as server:
        assert (await asked(server.url))[0] == 200


async def test_the_sandbox_says_that_it_is_one(program: Program) -> None:
    async with program.serving("--sandbox") as server:
        assert server.err.startswith(
            "this is the sandbox: its answers are simulated, nothing leaves this machine, nothing is billed\n"
        )
        status, body = await asked(server.url)
        assert status == 200
        assert "sandbox" in body


async def test_verbose_logs_steps_but_no_words_and_no_tokens(program: Program, sandbox: Sandbox) -> None:
    """compat.md §2.1 ⚠: the original's --verbose dumped the bodies of requests and answers."""
    program.uses(sandbox, grant=sandbox.grant)
    sandbox.script.answer("answer-canary")
    async with program.serving("--verbose") as server:
        assert (await asked(server.url))[0] == 200
        server.process.send_signal(signal.SIGTERM)
        ended = await server.ended()
    assert "INFO" in ended.err
    assert "canary" not in ended.err
    assert sandbox.grant not in ended.err
    assert "tid=" not in ended.err


async def test_tokens_are_shown_only_when_asked_for(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving("--show-token") as server:
        assert f"\nGitHub token: {sandbox.grant}\n" in server.err
        assert server.err.startswith("Copilot token: tid=")


async def test_without_a_sign_in_and_a_terminal_it_ends_with_a_hint(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox)
    ended = await program.run("start", "--port", "0")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error: you are not signed in\nhint: run copilot-api auth\n"


async def test_with_patience_it_serves_before_anybody_is_signed_in_and_says_why_nothing_is_answered(
    program: Program, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    program.uses(sandbox)
    async with program.serving("--patient", "--show-token") as server:
        assert "warning: you are not signed in (run copilot-api auth)\n" in server.err
        assert "token:" not in server.err
        async with http.get(f"{server.url}/v1/models") as answer:
            assert answer.status == 401
        assert (await program.run("auth", "--with-token", typed=sandbox.grant)).code == 0
        async with http.get(f"{server.url}/v1/models") as answer:
            assert answer.status == 200, "auth has told the server"


async def test_with_patience_it_says_for_whom_it_serves_once_that_is_known(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving("--patient") as server:
        assert "serving GitHub Copilot of sandbox-dev at " in server.err
        assert "  models             gpt-4.1, " in server.err


async def test_with_patience_a_github_that_does_not_answer_is_told(program: Program) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        places = ("GITHUB_URL", "GITHUB_API_URL", "COPILOT_URL")
        program.environ |= {"GH_TOKEN": "gho_0123456789abcdefghij", **{f"COPILOT_API_{place}": url for place in places}}
        async with program.serving("--patient") as server:
            assert "warning: GitHub has not answered yet\n" in server.err


async def test_a_port_in_use_is_named_with_a_way_out(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = await program.run("start", "--port", str(port))
    assert ended.code == 1
    by = f" by {OWN_NAME} (process {os.getpid()})" if OWN_NAME else ""
    assert ended.err.startswith(f"error: port {port} is in use{by}\nhint: ")
    assert f"pass --port {port + 1}" in ended.err.splitlines()[1]


async def test_other_machines_are_let_in_only_with_a_key(program: Program, sandbox: Sandbox) -> None:
    """compat.md §2.1 ⚠: the original listened on all interfaces, open to everyone."""
    assert Settings().host == "127.0.0.1"
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("start", "--port", "0", "--host", "0.0.0.0")  # noqa: S104 - the case at hand
    assert ended.code == 1
    assert ended.err == (
        "error: 0.0.0.0 can be reached from other machines, and there is no API key\n"
        "hint: make one with copilot-api keys add NAME, or leave --host out\n"
    )
    async with program.serving("--host", "0.0.0.0", "--api-key", "secret-key") as server:  # noqa: S104 - the case at hand
        assert "  API key            one of yours\n" in server.err
        assert "secret-key" not in server.err
        assert (await asked(server.url))[0] == 401


async def test_a_misspelt_variable_is_told(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    program.environ["COPILOT_API_PROT"] = "1"
    async with program.serving() as server:
        assert "warning: COPILOT_API_PROT is not one of our variables, so it has no effect\n" in server.err


@pytest.mark.parametrize(
    ("option", "message"),
    [("--manual", "error: --manual needs a terminal"), ("--claude-code", "error: --claude-code asks for two models")],
)
async def test_what_needs_a_terminal_says_so(program: Program, sandbox: Sandbox, option: str, message: str) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("start", "--port", "0", option)
    assert ended.code == 1
    assert ended.err.startswith(message)
    assert "hint: start copilot-api in a terminal" in ended.err


async def test_a_broken_settings_file_is_named_by_line(program: Program) -> None:
    config = program.home / "settings.toml"
    config.write_text("\nport = 'http'\n", "utf-8")
    program.environ["COPILOT_API_CONFIG"] = str(config)
    ended = await program.run("start")
    assert ended.code == 2
    assert ended.err == f"error: {config} line 2: port must be a whole number, not 'http'\n"


if sys.platform != "win32":

    async def test_help_and_version_need_no_network(program: Program) -> None:
        """compat.md §2.1 ⚠: the original asked the network before every command."""
        program.environ |= {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
        for arguments in (("--version",), ("start", "--help"), ("debug",)):
            async with asyncio.timeout(4):
                assert (await program.run(*arguments)).code == 0
