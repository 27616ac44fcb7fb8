"""`keys` with the real program: a key is told once, listed by name, revoked while the server runs."""

import asyncio
import json
import re
import sys

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.program import Program

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hei"}]}


async def status(url: str, key: str) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.post(url + "/v1/chat/completions", json=CHAT, headers={"x-api-key": key}) as response,
    ):
        return response.status


async def becomes(url: str, key: str, wanted: int) -> None:
    """Waits until the key is answered so: a server looks at the keys once a second."""
    for _ in range(100):
        if await status(url, key) == wanted:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"it never became {wanted}")


async def test_a_key_is_told_once_and_its_hash_kept(program: Program) -> None:
    ended = await program.run("keys", "add", "claude-code")
    assert ended.code == 0
    key = ended.out.strip()
    assert re.fullmatch(r"cap_[A-Za-z0-9]{43}", key)
    assert "cannot be shown again" in ended.err
    assert "every client must show a key, also on this machine" in ended.err
    listed = await program.run("keys", "list")
    assert (await program.run("keys")).out == listed.out
    assert re.match(r"NAME +ENDS IN +MADE\nclaude-code +" + key[-4:] + r" +\d{4}-\d\d-\d\d \d\d:\d\d UTC\n", listed.out)
    assert not [path for path in program.home.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    assert "must show a key" not in (await program.run("keys", "add", "codex")).err


async def test_json_for_scripts(program: Program) -> None:
    assert json.loads((await program.run("keys", "list", "--json")).out) == {"required": False, "keys": []}
    program.environ["COPILOT_API_KEY"] = "of-the-settings"
    added = json.loads((await program.run("keys", "add", "codex", "--json")).out)
    assert (added["name"], added["key"][:4]) == ("codex", "cap_")
    listed = await program.run("keys", "list", "--json")
    told = json.loads(listed.out)
    assert told["required"] is True
    assert [(row["name"], row["endsIn"], row["from"]) for row in told["keys"]] == [
        ("settings-1", "", "COPILOT_API_KEY"),
        ("codex", added["key"][-4:], "copilot-api keys"),
    ]
    assert "of-the-settings" not in listed.out


async def test_a_running_server_heeds_what_is_done_beside_it(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    async with program.serving() as server:
        assert "any, such as dummy" in server.err
        assert await status(server.url, "dummy") == 200
        key = (await program.run("keys", "add", "codex")).out.strip()
        await becomes(server.url, "dummy", 401)
        assert await status(server.url, key) == 200
        ended = await program.run("keys", "revoke", "codex")
        assert ended.err.startswith("revoked: the key codex is refused from now on\nit was the last one, so nobody is let in")
        await becomes(server.url, key, 401)
        assert (await program.run("keys", "list")).err.startswith("every API key was revoked")
        assert (await program.run("keys", "off")).err == "forgotten: 0 API keys\n"
        await becomes(server.url, "dummy", 200)
        assert (await program.run("keys", "list")).err == "there are no API keys: on this machine any key is accepted\n"


async def test_keys_of_the_settings_outlive_those_of_the_file(program: Program) -> None:
    program.environ["COPILOT_API_KEY"] = "mine"
    assert "must show a key" not in (await program.run("keys", "add", "codex")).err
    assert (await program.run("keys", "revoke", "codex")).err == "revoked: the key codex is refused from now on\n"
    await program.run("keys", "add", "codex")
    ended = await program.run("keys", "off")
    assert ended.err.startswith("forgotten: 1 API key\nwarning: the settings still hold API keys")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("keys", "revoke", "nobody"), "error: there is no API key named 'nobody'\nhint: copilot-api keys list shows them\n"),
        (("keys", "add", "a b"), "error: 'a b' cannot be the name of a key\nhint: "),
    ],
)
async def test_what_cannot_be_done_is_told(program: Program, arguments: tuple[str, ...], said: str) -> None:
    ended = await program.run(*arguments)
    assert (ended.code != 0, ended.out) == (True, "")
    assert ended.err.startswith(said)


if sys.platform != "win32":
    from tests.builders.program import OnScreen

    async def test_claude_code_gets_a_key_of_its_own(program: Program, sandbox: Sandbox, on_screen: OnScreen) -> None:
        """Those that are kept as hashes cannot be put into a command."""
        program.uses(sandbox, grant=sandbox.grant)
        await program.run("keys", "add", "phone")
        screen = await on_screen("start", "--port", "0", "--claude-code", environ={"SHELL": "/bin/bash"})
        await screen.expect("main model for Claude Code [")
        screen.type("\n")
        await screen.expect("small, fast model [")
        screen.type("\n")
        await screen.expect("&& claude\n")
        assert "a new API key named claude-code is in the command" in screen.shown
        found = re.search(r"ANTHROPIC_AUTH_TOKEN=(cap_\w+)", screen.shown)
        assert found
        assert await status(screen.shown.split(" at ")[1].split("\n")[0], found[1]) == 200
        screen.interrupt()
        assert await screen.ended() == 0
