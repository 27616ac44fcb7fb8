"""Codex itself, in its mode for scripts, against a running service: it answers, and it works with its own tools.

Slow: npm installs the pinned program once. No account, and no network but npm's.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox
from copilot_api.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LIMIT_S = 120.0
CONFIG = """model = "{model}"
model_provider = "copilot-api"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.copilot-api]
name = "Copilot (copilot-api)"
base_url = "{url}/v1"
wire_api = "responses"
"""
# Responses passed through (Codex's own model, a "lite" one with tools in namespaces, a small one), and each translation.
MODELS = ["gpt-5.3-codex", "gpt-5.6-sol", "gpt-5-mini", "claude-sonnet-4.6", "claude-opus-5", "gemini-3.8-flash", "gpt-4.1"]


@dataclass
class Codex:
    """The program with a private HOME and a folder to work in."""

    program: Path
    home: Path
    work: Path
    url: str

    async def does(self, prompt: str, *, model: str) -> list[Json]:
        """The items that it completed in answer to `prompt`. Fails when it fails."""
        (self.home / ".codex").mkdir(parents=True)
        self.work.mkdir()
        (self.home / ".codex" / "config.toml").write_text(CONFIG.format(model=model, url=self.url), "utf-8")
        process = await asyncio.create_subprocess_exec(
            *(self.program, "exec", "--skip-git-repo-check", "--json", "--", prompt),
            cwd=self.work,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"
        events = [json.loads(line) for line in out.decode().splitlines() if line.startswith("{")]
        return [event["item"] for event in events if event["type"] == "item.completed"]


@pytest.fixture
async def codex(client_programs: Path, sandbox_with_every_model: Sandbox, service: Service, tmp_path: Path) -> Codex:
    return Codex(program=client_programs / "codex", home=tmp_path / "home", work=tmp_path / "work", url=service.url)


def said(items: list[Json]) -> str:
    return "\n".join(item["text"] for item in items if item["type"] == "agent_message")


@pytest.mark.parametrize("model", ["gpt-5.3-codex", "claude-sonnet-4.6"])
async def test_it_answers_a_prompt(codex: Codex, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("The answer is forty-two.")
    assert "forty-two" in said(await codex.does("What is the answer?", model=model))


@pytest.mark.parametrize("model", MODELS)
async def test_it_runs_a_shell_command_and_reports_it(codex: Codex, sandbox: Sandbox, model: str) -> None:
    items = await codex.does(
        "Run the shell command `printf 'hello-%d' 42 | tee proof.txt` and tell me what it printed", model=model
    )
    assert (codex.work / "proof.txt").read_text("utf-8") == "hello-42"
    [command] = [item for item in items if item["type"] == "command_execution"]
    assert (command["exit_code"], command["aggregated_output"]) == (0, "hello-42")
    assert "hello-42" in said(items)
    assert [seen.headers["x-initiator"] for seen in sandbox.seen if "x-initiator" in seen.headers] == ["user", "agent"]


async def test_a_request_packed_with_zstd_arrives(codex: Codex, sandbox: Sandbox) -> None:
    await codex.does("Hello", model="gpt-5.3-codex")
    [asked] = [seen for seen in sandbox.seen if seen.path == "/responses"]
    assert asked.json["model"] == "gpt-5.3-codex"


async def test_a_patch_in_free_text_is_applied(codex: Codex, sandbox: Sandbox) -> None:
    patch = "*** Begin Patch\n*** Add File: note.txt\n+written by a patch\n*** End Patch\n"
    command = f"apply_patch <<'EOF'\n{patch}EOF"
    sandbox.script.answer("I write it.", tools=[("exec_command", {"cmd": command})])
    sandbox.script.answer("Written.")
    items = await codex.does("Write the note.", model="gpt-5.3-codex")
    assert (codex.work / "note.txt").read_text("utf-8") == "written by a patch\n"
    assert "Written." in said(items)


async def test_it_recovers_from_a_stream_that_breaks(codex: Codex, sandbox: Sandbox) -> None:
    sandbox.script.fault("cut", after=6)
    sandbox.script.answer("a first try that breaks off")
    sandbox.script.answer("The second try is whole.")
    assert "The second try is whole." in said(await codex.does("Try.", model="gpt-5.3-codex"))
