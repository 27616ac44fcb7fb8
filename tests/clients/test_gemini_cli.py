"""Gemini CLI itself, without a terminal against the running program: it answers, and it works with its own tools.

Slow: npm installs the pinned programs once. Needs npm; no account, and no network but npm's.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serve, Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_S = 120.0
# A model behind each endpoint of Copilot's, and both of the others that chat serves.
ENDPOINTS = {
    "gemini-3.8-flash": "/chat/completions",
    "claude-sonnet-4.6": "/chat/completions",
    "claude-opus-5": "/v1/messages",
    "gpt-4.1": "/chat/completions",
    "gpt-5.3-codex": "/responses",
}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415478da63f8cfc0000003010100f7034143000000"
    "0049454e44ae426082"
)
SETTINGS = {
    # Without this the program takes a base URL for a gateway, of which its print mode knows nothing.
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


@dataclass
class GeminiCli:
    """The program with a private HOME, a folder to work in and no way out but `url`."""

    programs: Path
    home: Path
    work: Path
    url: str

    async def says(self, prompt: str, *, model: str) -> str:
        """Its answer to `prompt`, printed. Fails when it fails."""
        process = await asyncio.create_subprocess_exec(
            *(self.programs / "gemini", "--yolo", "--skip-trust", "--model", model, "--prompt", prompt),
            cwd=self.work,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",  # the pinned Node.js first
                "HOME": str(self.home),
                "GEMINI_API_KEY": "dummy",
                "GOOGLE_GEMINI_BASE_URL": self.url,
                "GEMINI_TELEMETRY_ENABLED": "false",
            },
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"
        return out.decode()


@pytest.fixture
def gemini_cli(client_programs: Path, sandbox_with_every_model: Sandbox, server: Serving, tmp_path: Path) -> GeminiCli:
    return settled(GeminiCli(programs=client_programs, home=tmp_path / "home", work=tmp_path / "work", url=server.url))


def settled(program: GeminiCli) -> GeminiCli:
    """The program with its folders and settings in place."""
    program.work.mkdir()
    (program.home / ".gemini").mkdir(parents=True)
    (program.home / ".gemini" / "settings.json").write_text(json.dumps(SETTINGS), "utf-8")
    return program


def initiators(sandbox: Sandbox, model: str) -> list[str]:
    """Who was said to have started each request, in their order."""
    return [seen.headers["x-initiator"] for seen in sandbox.seen if seen.path == ENDPOINTS[model]]


@pytest.mark.parametrize("model", ENDPOINTS)
async def test_it_answers_a_prompt(gemini_cli: GeminiCli, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("The answer is forty-two.")
    assert "forty-two" in await gemini_cli.says("What is the answer?", model=model)
    assert initiators(sandbox, model) == ["user"]


@pytest.mark.parametrize("model", ENDPOINTS)
async def test_it_runs_a_shell_command_and_reports_it(gemini_cli: GeminiCli, sandbox: Sandbox, model: str) -> None:
    said = await gemini_cli.says(
        "Run the shell command `printf 'hello-%d' 42 | tee proof.txt` with run_shell_command and tell me what it printed",
        model=model,
    )
    assert (gemini_cli.work / "proof.txt").read_text("utf-8") == "hello-42"
    assert "hello-42" in said
    assert initiators(sandbox, model) == ["user", "agent"]


@pytest.mark.parametrize("model", ["gemini-3.8-flash", "claude-opus-5", "gpt-5.3-codex"])
async def test_it_runs_two_commands_at_once_and_reasoning_survives(gemini_cli: GeminiCli, sandbox: Sandbox, model: str) -> None:
    commands = [("run_shell_command", {"command": f"echo {word} > {word}.txt"}) for word in ("one", "two")]
    sandbox.script.answer("Both at once.", thinking="Two files.", tools=commands)
    sandbox.script.answer("Done, both.")
    assert "Done, both." in await gemini_cli.says("Write both files.", model=model)
    assert [(gemini_cli.work / f"{word}.txt").read_text("utf-8") for word in ("one", "two")] == ["one\n", "two\n"]
    second = [seen.body.decode() for seen in sandbox.seen if seen.path == ENDPOINTS[model]][-1]
    sealed = {"/chat/completions": '"reasoning_opaque":', "/v1/messages": '"signature":', "/responses": '"encrypted_content":'}
    assert sealed[ENDPOINTS[model]] in second


@pytest.mark.parametrize("model", ["gemini-3.8-flash", "claude-opus-5", "gpt-5.3-codex"])
async def test_it_shows_the_model_a_picture(gemini_cli: GeminiCli, sandbox: Sandbox, model: str) -> None:
    (gemini_cli.work / "dot.png").write_bytes(PNG)
    sandbox.script.answer("", tools=[("read_file", {"file_path": "dot.png"})])
    sandbox.script.answer("A red dot.")
    assert "A red dot." in await gemini_cli.says("What is on dot.png?", model=model)
    last = [seen for seen in sandbox.seen if seen.path == ENDPOINTS[model]][-1]
    assert "image/png" in last.body.decode()
    assert last.sees
    assert initiators(sandbox, model) == ["user", "agent"]


async def test_it_recovers_from_a_stream_that_breaks(gemini_cli: GeminiCli, sandbox: Sandbox) -> None:
    sandbox.script.fault("cut", after=4)
    sandbox.script.answer("a first try that breaks off")
    sandbox.script.answer("The second try is whole.")
    assert "The second try is whole." in await gemini_cli.says("Try.", model="gpt-4.1")


async def test_it_waits_for_a_model_that_is_silent(
    client_programs: Path, serve: Serve, sandbox: Sandbox, tmp_path: Path
) -> None:
    server = await serve(heartbeat_s=0.2)
    program = settled(GeminiCli(programs=client_programs, home=tmp_path / "home", work=tmp_path / "work", url=server.url))
    sandbox.script.fault("delay", seconds=2)
    sandbox.script.answer("After a while.")
    assert "After a while." in await program.says("Take your time.", model="gpt-4.1")


async def test_it_tries_again_when_it_was_too_fast(gemini_cli: GeminiCli, sandbox: Sandbox) -> None:
    sandbox.script.fault("rate_limited", seconds=1)
    sandbox.script.answer("Now there is room.")
    assert "Now there is room." in await gemini_cli.says("Hurry.", model="gpt-4.1")


async def test_it_gives_up_at_once_when_the_quota_is_spent(gemini_cli: GeminiCli, sandbox: Sandbox) -> None:
    sandbox.script.fault("quota", times=20)
    with pytest.raises(AssertionError, match="quota"):
        await gemini_cli.says("Hello?", model="gpt-4.1")
    assert len(initiators(sandbox, "gpt-4.1")) == 1


async def test_it_tells_of_a_model_that_is_not_there(gemini_cli: GeminiCli) -> None:
    with pytest.raises(AssertionError, match="gemini-nine"):
        await gemini_cli.says("Hello?", model="gemini-nine")
