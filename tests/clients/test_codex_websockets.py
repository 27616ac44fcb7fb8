"""Codex over WebSockets: it works with its tools on one connection, and goes on over HTTP where there are none to be had.

Slow: npm installs the pinned program once.
"""

from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.codex import Codex
from tests.conftest import MakeService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROMPT = "Run the shell command `printf 'hello-%d' 42 | tee proof.txt` and tell me what it printed"


async def answer(program: Path, folder: Path, url: str, model: str) -> str:
    """What it says in answer to PROMPT. Fails when it fails."""
    codex = Codex(program=program, home=folder, work=folder, url=url)
    ended = await codex.does(PROMPT, model=model, supports_websockets=True)
    assert ended.code == 0, f"{ended.out}\n{ended.err}"
    return ended.out


# A "lite" model of Codex's own among them, and one behind each endpoint of Copilot's.
@pytest.mark.parametrize("model", ["gpt-5.3-codex", "gpt-5.6-sol", "claude-opus-5", "gemini-3.8-flash"])
async def test_it_works_on_one_connection(
    client_programs: Path,
    tmp_path: Path,
    make_service: MakeService,
    sandbox_with_every_model: Sandbox,
    caplog: pytest.LogCaptureFixture,
    model: str,
) -> None:
    caplog.set_level("DEBUG", "copilot_api.server.middleware")
    service = await make_service()
    said = await answer(client_programs / "codex", tmp_path, service.url, model)
    assert (tmp_path / "proof.txt").read_text("utf-8") == "hello-42"
    assert "hello-42" in said
    initiators = [seen.headers["x-initiator"] for seen in sandbox_with_every_model.seen if "x-initiator" in seen.headers]
    assert initiators == ["user", "agent"]
    assert "POST /v1/responses" not in caplog.text


async def test_it_goes_on_over_http_where_websockets_are_off(
    client_programs: Path,
    tmp_path: Path,
    make_service: MakeService,
    sandbox_with_every_model: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "copilot_api.server.middleware")
    service = await make_service(websockets=False)
    assert "hello-42" in await answer(client_programs / "codex", tmp_path, service.url, "gpt-5.3-codex")
    assert "GET /v1/responses answered 426" in caplog.text
    assert "Error handling request" not in caplog.text
