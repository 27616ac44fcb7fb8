"""Claude Code itself, in print mode against the running program: it answers, and it works with its own tools.

Slow: npm installs the pinned program once, some hundred MB. Needs npm; no account, and no network but npm's.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_S = 120.0
PASS_THROUGH, TRANSLATED = "claude-sonnet-4.6", "gpt-4.1"


@dataclass
class ClaudeCode:
    """The program with a private HOME, a folder to work in and no way out but `url`."""

    program: Path
    home: Path
    work: Path
    url: str

    async def says(self, prompt: str, *, model: str, **environ: str) -> str:
        """Its answer to `prompt`, printed. Fails when it fails."""
        for folder in (self.home, self.work):
            folder.mkdir(exist_ok=True)
        roles = {f"ANTHROPIC_DEFAULT_{role}_MODEL": model for role in ("OPUS", "SONNET", "HAIKU")}
        quiet = (
            "DISABLE_TELEMETRY",
            "DISABLE_AUTOUPDATER",
            "DISABLE_ERROR_REPORTING",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
        )
        process = await asyncio.create_subprocess_exec(
            *(self.program, "-p", "--allowedTools", "Bash,Read,Write,Edit", "--add-dir", self.work, "--", prompt),
            cwd=self.work,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.home),
                "ANTHROPIC_BASE_URL": self.url,
                "ANTHROPIC_AUTH_TOKEN": "dummy",
                "ANTHROPIC_MODEL": model,
                "IS_SANDBOX": "1",  # it refuses to work as root otherwise
                **roles,
                **dict.fromkeys(quiet, "1"),
                **environ,
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
async def claude_code(client_programs: Path, server: Serving, tmp_path: Path) -> ClaudeCode:
    return ClaudeCode(program=client_programs / "claude", home=tmp_path / "home", work=tmp_path / "work", url=server.url)


@pytest.mark.parametrize("model", [PASS_THROUGH, TRANSLATED])
async def test_it_answers_a_prompt(claude_code: ClaudeCode, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("The answer is forty-two.")
    assert "forty-two" in await claude_code.says("What is the answer?", model=model)
    first = next(seen for seen in sandbox.seen if b"What is the answer?" in seen.body)
    assert first.headers["x-initiator"] == "user"
    assert first.path == ("/v1/messages" if model == PASS_THROUGH else "/chat/completions")


@pytest.mark.parametrize(
    "model", [PASS_THROUGH, TRANSLATED, "gpt-5-mini", "gemini-3.8-flash", "claude-haiku-4.5", "claude-sonnet-5"]
)
async def test_it_runs_a_shell_command_and_reports_it(claude_code: ClaudeCode, sandbox: Sandbox, model: str) -> None:
    said = await claude_code.says(
        "Run the shell command `printf 'hello-%d' 42 | tee proof.txt` with your Bash tool and tell me what it printed",
        model=model,
    )
    assert (claude_code.work / "proof.txt").read_text("utf-8") == "hello-42"
    assert "hello-42" in said
    initiators = [seen.headers["x-initiator"] for seen in sandbox.seen if "x-initiator" in seen.headers]
    assert initiators[-2:] == ["user", "agent"]


@pytest.mark.parametrize("model", [PASS_THROUGH, TRANSLATED])
async def test_it_runs_two_commands_at_once_and_thinks(claude_code: ClaudeCode, sandbox: Sandbox, model: str) -> None:
    commands = [("Bash", {"command": f"echo {word} > {word}.txt", "description": "write a word"}) for word in ("one", "two")]
    sandbox.script.answer("Both at once.", thinking="Two files.", tools=commands)
    sandbox.script.answer("Done, both.")
    assert "Done, both." in await claude_code.says("Write both files.", model=model)
    assert [(claude_code.work / f"{word}.txt").read_text("utf-8") for word in ("one", "two")] == ["one\n", "two\n"]


async def test_it_recovers_from_a_stream_that_breaks(claude_code: ClaudeCode, sandbox: Sandbox) -> None:
    sandbox.script.fault("cut", after=4)
    sandbox.script.answer("a first try that breaks off")
    sandbox.script.answer("The second try is whole.")
    assert "The second try is whole." in await claude_code.says("Try.", model=PASS_THROUGH)


async def test_it_tells_of_a_model_that_is_not_there(claude_code: ClaudeCode) -> None:
    with pytest.raises(AssertionError, match="claude-nine"):
        await claude_code.says("Hello?", model="claude-nine")
