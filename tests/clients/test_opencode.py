"""opencode itself, set up with README's file: it reads a file and edits it with its own tools, in the dialect of each provider.

Slow: npm installs the pinned program once. No account, and no network but npm's.
"""

from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving
from tests.builders.unattended import readme_example, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUIET = ("OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH", "OPENCODE_DISABLE_SHARE")
REPLACE = ("edit", {"filePath": "note.txt", "oldString": "cold", "newString": "warm"})
PATCH = "*** Begin Patch\n*** Update File: note.txt\n@@\n-It is cold.\n+It is warm.\n*** End Patch"
# README's models, and the tool with which each is made to edit.
EDITS = {
    "copilot-claude/claude-sonnet-4.6": REPLACE,
    "copilot-gpt/gpt-5.3-codex": ("apply_patch", {"patchText": PATCH}),
    "copilot-chat/gpt-4.1": REPLACE,
}
# The endpoint of each provider's dialect, so that nothing is translated.
ENDPOINTS = {"copilot-claude": "/v1/messages", "copilot-gpt": "/responses", "copilot-chat": "/chat/completions"}


@pytest.mark.parametrize("model", EDITS)
async def test_it_reads_a_file_and_edits_it(
    client_programs: Path, sandbox: Sandbox, server: Serving, tmp_path: Path, model: str
) -> None:
    home, note = tmp_path / "home", tmp_path / "work" / "note.txt"
    (home / ".config" / "opencode").mkdir(parents=True)
    (home / ".config" / "opencode" / "opencode.json").write_text(readme_example("opencode", server.url), "utf-8")
    note.parent.mkdir()
    note.write_text("It is cold.\n", "utf-8")
    sandbox.script.answer("I read it.", thinking="First a look.", tools=[("read", {"filePath": str(note)})])
    sandbox.script.answer("Now I change it.", tools=[EDITS[model]])
    sandbox.script.answer("It is warm now.")
    # With a title, none is asked of the small model.
    options = ("--auto", "--title", "A note", "--model", model)
    program = client_programs.parent / "opencode-linux-x64-baseline" / "bin" / "opencode"
    command = (program, "run", *options, "Make it warm in note.txt.")
    ended = await run(*command, home=home, work=note.parent, **dict.fromkeys(QUIET, "1"))
    assert ended.code == 0, f"{ended.out}\n{ended.err}"
    assert note.read_text("utf-8") == "It is warm.\n"
    assert "It is warm now." in ended.out
    asked = [seen for seen in sandbox.seen if "x-initiator" in seen.headers]
    assert {seen.path for seen in asked} == {ENDPOINTS[model.partition("/")[0]]}
    assert [seen.headers["x-initiator"] for seen in asked] == ["user", "agent", "agent"]
    assert "It is cold." in asked[1].body.decode()
