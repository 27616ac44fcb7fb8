"""The watchdogs of the real programs, set to their shortest: silence that we fill does not wake them, other silence does.

Slow: the programs come from npm, and their shortest is seconds.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.sse import encode
from copilot_api.sandbox import Sandbox
from copilot_api.server import relay
from copilot_api.service import Service
from copilot_api.settings import Settings
from tests.builders.codex import Codex, Setting
from tests.builders.unattended import run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

QUIET = ("DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER", "DISABLE_ERROR_REPORTING", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC")
# Little patience, and no second try.
CODEX: dict[str, Setting] = {"stream_idle_timeout_ms": 1500, "stream_max_retries": 0, "request_max_retries": 0}


@asynccontextmanager
async def serving(sandbox: Sandbox, heartbeat_s: float) -> AsyncIterator[Service]:
    sandbox.models = [entry | {"policy": {"state": "enabled", "terms": ""}} for entry in sandbox.models]
    service = Service(sandbox.settings(Settings(port=0, drain_s=0.2, heartbeat_s=heartbeat_s)))
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


async def codex(program: Path, folder: Path, url: str, *, model: str, websockets: bool) -> tuple[int, str]:
    """Its exit code, and all that it says."""
    asked = Codex(program=program, home=folder, work=folder, url=url)
    ended = await asked.does("What is the answer?", model=model, supports_websockets=websockets, **CODEX)
    return ended.code, ended.out + ended.err


# A model behind each endpoint of Copilot's.
@pytest.mark.parametrize(
    ("model", "websockets"),
    [("gpt-5.3-codex", False), ("claude-opus-5", False), ("gemini-3.8-flash", False), ("gpt-5.3-codex", True)],
)
async def test_codex_waits_while_we_give_signs_of_life(
    client_programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, websockets: bool
) -> None:
    monkeypatch.setattr(relay, "TAIL_S", 0.5)  # Codex is set to less patience than the end of an answer usually gets
    async with Sandbox(pace_s=2.5) as sandbox, serving(sandbox, 0.5) as service:
        sandbox.script.answer("Forty-two")
        code, said = await codex(client_programs / "codex", tmp_path, service.url, model=model, websockets=websockets)
        assert (code, "Forty-two" in said) == (0, True), said
        assert len([seen for seen in sandbox.seen if "x-initiator" in seen.headers]) == 1


@pytest.mark.parametrize("websockets", [False, True])
async def test_codex_does_not_wait_without_them(client_programs: Path, tmp_path: Path, websockets: bool) -> None:
    """What shows that the other test shows something."""
    async with Sandbox(pace_s=2.5) as sandbox, serving(sandbox, 60) as service:
        sandbox.script.answer("Forty-two", times=9)
        _, said = await codex(client_programs / "codex", tmp_path, service.url, model="gpt-5.3-codex", websockets=websockets)
        assert "idle timeout" in said


@pytest.mark.parametrize("websockets", [False, True])
async def test_codex_waits_for_an_answer_that_has_not_begun(client_programs: Path, tmp_path: Path, websockets: bool) -> None:
    """Its clock runs from the request on, and comments do not set it back."""
    async with Sandbox() as sandbox, serving(sandbox, 0.5) as service:
        sandbox.script.fault("delay", seconds=5)
        sandbox.script.answer("Forty-two")
        code, said = await codex(client_programs / "codex", tmp_path, service.url, model="gpt-5.3-codex", websockets=websockets)
        assert (code, "Forty-two" in said) == (0, True), said
        assert len([seen for seen in sandbox.seen if "x-initiator" in seen.headers]) == 1


async def claude(program: Path, folder: Path, url: str, model: str) -> tuple[int, str]:
    """Its exit code, and all that it says."""
    ended = await run(
        *(program, "-p", "--", "What is the answer?"),
        home=folder,
        work=folder,
        **dict.fromkeys(QUIET, "1"),
        **{f"ANTHROPIC_DEFAULT_{role}_MODEL": model for role in ("OPUS", "SONNET", "HAIKU")},
        ANTHROPIC_BASE_URL=url,
        ANTHROPIC_AUTH_TOKEN="dummy",
        ANTHROPIC_MODEL=model,
        IS_SANDBOX="1",  # it refuses to work as root otherwise
        CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS="10000",  # its shortest
        CLAUDE_CODE_MAX_RETRIES="0",
    )
    return ended.code, ended.out + ended.err


@pytest.mark.parametrize("model", ["claude-sonnet-4.6", "gpt-5.3-codex", "gpt-4.1"])
async def test_claude_code_waits_while_we_give_signs_of_life(client_programs: Path, tmp_path: Path, model: str) -> None:
    async with Sandbox() as sandbox, serving(sandbox, 3) as service:
        sandbox.script.fault("delay", seconds=14)
        sandbox.script.answer("Forty-two")
        started = time.monotonic()
        code, said = await claude(client_programs / "claude", tmp_path, service.url, model)
        assert (code, "Forty-two" in said) == (0, True), said
        assert time.monotonic() - started > 13
        assert len([seen for seen in sandbox.seen if "x-initiator" in seen.headers]) == 1


def a_message_with_a_pause() -> tuple[bytes, bytes]:
    """What comes before the pause, which is in the middle of a block, and what comes after it."""
    message: Json = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
    before: list[Json] = [
        {"type": "message_start", "message": message | {"usage": {"input_tokens": 3, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    after: list[Json] = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Forty-two."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]
    first, second = (b"".join(encode(dumps(event), event["type"]) for event in events) for events in (before, after))
    return first, second


async def test_claude_code_waits_in_the_middle_of_a_block(client_programs: Path, tmp_path: Path) -> None:
    async with Sandbox(pace_s=14) as sandbox, serving(sandbox, 3) as service:
        sandbox.script.raw(*a_message_with_a_pause())
        code, said = await claude(client_programs / "claude", tmp_path, service.url, "claude-sonnet-4.6")
        assert (code, "Forty-two" in said) == (0, True), said
        assert len([seen for seen in sandbox.seen if "x-initiator" in seen.headers]) == 1


async def test_claude_code_does_not_wait_without_them(client_programs: Path, tmp_path: Path) -> None:
    """What shows that the others show something."""
    async with Sandbox(pace_s=14) as sandbox, serving(sandbox, 60) as service:
        for _ in range(9):
            sandbox.script.raw(*a_message_with_a_pause())
        await claude(client_programs / "claude", tmp_path, service.url, "claude-sonnet-4.6")
        assert "client left" in {seen.outcome for seen in sandbox.seen}
