"""Cline on the command line, set up with README's command: it runs a command with its own tool and reports it.

Slow: npm installs the pinned program once. No account, and no network but npm's.
"""

from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving
from tests.builders.unattended import readme_example, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# Without the first it leaves a process behind that waits for more work.
ENVIRON = {"CLINE_SESSION_BACKEND_MODE": "local", "CLINE_NO_AUTO_UPDATE": "1"}
ENDPOINTS = {"claude-sonnet-4.6": "/chat/completions", "gpt-5.3-codex": "/responses"}


@pytest.mark.parametrize("model", ENDPOINTS)
async def test_it_runs_a_command_and_reports_it(
    client_programs: Path, sandbox: Sandbox, server: Serving, tmp_path: Path, model: str
) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    cline = client_programs / "cline"
    _, *words = readme_example("Cline", server.url).replace("claude-sonnet-4.6", model).split()
    told = await run(cline, *words, home=home, work=work, **ENVIRON)
    assert told.code == 0, f"{told.out}\n{told.err}"
    sandbox.script.answer("I run it.", tools=[("run_commands", {"commands": ["printf 'hello-%d' 42 | tee proof.txt"]})])
    ended = await run(cline, "Run it, and tell me what it printed.", home=home, work=work, **ENVIRON)
    assert ended.code == 0, f"{ended.out}\n{ended.err}"
    assert (work / "proof.txt").read_text("utf-8") == "hello-42"
    assert "hello-42" in ended.out
    asked = [seen.headers["x-initiator"] for seen in sandbox.seen if seen.path == ENDPOINTS[model]]
    assert asked == ["user", "agent"]
