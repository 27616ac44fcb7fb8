"""Codex itself, in its mode for scripts, against a running service: it answers, and it works with its own tools.

Slow: npm installs the pinned program once. No account, and no network but npm's.
"""

import base64
import json
import re
import time
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox
from tests.builders.codex import Codex, Setting
from tests.builders.serving import Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# Responses passed through (Codex's own model, a "lite" one with tools in namespaces, a small one), and each translation.
MODELS = ["gpt-5.3-codex", "gpt-5.6-sol", "gpt-5-mini", "claude-sonnet-4.6", "claude-opus-5", "gemini-3.8-flash", "gpt-4.1"]


@pytest.fixture
async def codex(client_programs: Path, sandbox_with_every_model: Sandbox, server: Serving, tmp_path: Path) -> Codex:
    return Codex(program=client_programs / "codex", home=tmp_path / "home", work=tmp_path / "work", url=server.url)


async def done(codex: Codex, prompt: str, *, model: str, **provider: Setting) -> list[Json]:
    """The items that it completed in answer to `prompt`. Fails when it fails."""
    ended = await codex.does(prompt, "--json", model=model, **provider)
    assert ended.code == 0, f"{ended.out}\n{ended.err}"
    events = [json.loads(line) for line in ended.out.splitlines() if line.startswith("{")]
    return [event["item"] for event in events if event["type"] == "item.completed"]


def said(items: list[Json]) -> str:
    return "\n".join(item["text"] for item in items if item["type"] == "agent_message")


@pytest.mark.parametrize("model", ["gpt-5.3-codex", "claude-sonnet-4.6"])
async def test_it_answers_a_prompt(codex: Codex, sandbox: Sandbox, model: str) -> None:
    sandbox.script.answer("The answer is forty-two.")
    assert "forty-two" in said(await done(codex, "What is the answer?", model=model))


@pytest.mark.parametrize("model", MODELS)
async def test_it_runs_a_shell_command_and_reports_it(codex: Codex, sandbox: Sandbox, model: str) -> None:
    items = await done(
        codex, "Run the shell command `printf 'hello-%d' 42 | tee proof.txt` and tell me what it printed", model=model
    )
    assert (codex.work / "proof.txt").read_text("utf-8") == "hello-42"
    [command] = [item for item in items if item["type"] == "command_execution"]
    assert (command["exit_code"], command["aggregated_output"]) == (0, "hello-42")
    assert "hello-42" in said(items)
    assert [seen.headers["x-initiator"] for seen in sandbox.seen if "x-initiator" in seen.headers] == ["user", "agent"]


@pytest.mark.parametrize("is_packed", [True, False])
async def test_a_request_packed_with_zstd_arrives(
    codex: Codex, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, is_packed: bool
) -> None:
    """Codex packs requests for a provider by the name of OpenAI while it is signed in to ChatGPT, and no others."""
    caplog.set_level("DEBUG", "copilot_api.server.middleware")
    _sign_in(codex)
    items = await done(
        codex, "Hello", model="gpt-5.3-codex", requires_openai_auth=True, **{"name": "OpenAI"} if is_packed else {}
    )
    assert "You said: “Hello”" in said(items)
    # The first one may be refused, for a field that Codex sends with its account only and that we learn to leave out.
    asked = [seen for seen in sandbox.seen if seen.path == "/responses"][-1]
    arrived = re.search(r"POST /v1/responses 200, (\d+) bytes in", caplog.text)
    assert arrived
    assert (int(arrived[1]) < len(asked.body) / 2) == is_packed


def _sign_in(codex: Codex) -> None:
    """A sign-in to ChatGPT that nobody issued."""
    account = {"chatgpt_plan_type": "pro", "chatgpt_account_id": "a", "chatgpt_user_id": "u"}
    claims = {"email": "dev@localhost", "exp": int(time.time()) + 86400, "https://api.openai.com/auth": account}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)]
    token = ".".join([*parts, "x"])
    tokens = {"id_token": token, "access_token": token, "refresh_token": "x", "account_id": "a"}
    (codex.home / ".codex").mkdir(parents=True)
    signed_in = {"tokens": tokens, "last_refresh": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    (codex.home / ".codex" / "auth.json").write_text(json.dumps(signed_in), "utf-8")


async def test_a_patch_in_free_text_is_applied(codex: Codex, sandbox: Sandbox) -> None:
    patch = "*** Begin Patch\n*** Add File: note.txt\n+written by a patch\n*** End Patch\n"
    command = f"apply_patch <<'EOF'\n{patch}EOF"
    sandbox.script.answer("I write it.", tools=[("exec_command", {"cmd": command})])
    sandbox.script.answer("Written.")
    items = await done(codex, "Write the note.", model="gpt-5.3-codex")
    assert (codex.work / "note.txt").read_text("utf-8") == "written by a patch\n"
    assert "Written." in said(items)


async def test_it_recovers_from_a_stream_that_breaks(codex: Codex, sandbox: Sandbox) -> None:
    sandbox.script.fault("cut", after=6)
    sandbox.script.answer("a first try that breaks off")
    sandbox.script.answer("The second try is whole.")
    assert "The second try is whole." in said(await done(codex, "Try.", model="gpt-5.3-codex"))
