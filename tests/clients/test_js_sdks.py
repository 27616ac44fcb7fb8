"""The official JavaScript packages `openai` and `@anthropic-ai/sdk`, unmodified: a tool round trip in each of their dialects.

Slow: npm installs the pinned packages once. No account, and no network but npm's.
"""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serve, Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SCRIPT = Path(__file__).parent / "sdks.mjs"


async def read_by_the_sdk(programs: Path, dialect: str, url: str, model: str, mode: str) -> Json:
    """What the script read."""
    script = programs.parent.parent / SCRIPT.name  # beside the packages that it imports
    await asyncio.to_thread(shutil.copy, SCRIPT, script)
    process = await asyncio.create_subprocess_exec(
        *(programs / "node", script, dialect, url, model, mode),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    read: Json = json.loads(out)
    return read


@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5.3-codex", "claude-sonnet-4.6", "claude-opus-5", "gemini-3.8-flash"])
@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
async def test_a_tool_round_trip(
    client_programs: Path, sandbox_with_every_model: Sandbox, server: Serving, dialect: str, model: str, mode: str
) -> None:
    sandbox_with_every_model.script.answer("I will look.", tools=[("get_weather", {"city": "Oslo"})])
    read = await read_by_the_sdk(client_programs, dialect, server.url, model, mode)
    assert read["call"] == ["get_weather", {"city": "Oslo"}]
    assert "4 degrees, rain" in read["text"]


@pytest.mark.parametrize("model", ["gpt-5.3-codex", "claude-opus-5"])
async def test_an_answer_that_we_begin_early_is_read(
    client_programs: Path, sandbox_with_every_model: Sandbox, serve: Serve, model: str
) -> None:
    """Its accumulator refuses every event before `response.created`, and a second response."""
    server = await serve(heartbeat_s=0.1)
    script = sandbox_with_every_model.script
    script.fault("delay", seconds=1)
    script.answer("I will look.", tools=[("get_weather", {"city": "Oslo"})])
    read = await read_by_the_sdk(client_programs, "responses", server.url, model, "stream")
    assert read["call"] == ["get_weather", {"city": "Oslo"}]
    assert "4 degrees, rain" in read["text"]
