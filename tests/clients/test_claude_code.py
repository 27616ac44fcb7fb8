"""Claude Code itself, in print mode against the running program: it answers, and it works with its own tools.

Slow: npm installs the pinned program once, some hundred MB. Needs npm; no account, and no network but npm's.
"""

from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.claude_code import ClaudeCode
from tests.builders.serving import Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PASS_THROUGH, TRANSLATED = "claude-sonnet-4.6", "gpt-4.1"


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
