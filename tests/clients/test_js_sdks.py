"""The official JavaScript packages `openai` and `@anthropic-ai/sdk`, unmodified: a tool round trip in each of their dialects.

Slow: npm installs the pinned packages once. No account, and no network but npm's.
"""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.service import Service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SCRIPT = Path(__file__).parent / "sdks.mjs"


@pytest.mark.parametrize("mode", ["stream", "whole"])
@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5.3-codex", "claude-sonnet-4.6", "claude-opus-5", "gemini-3.8-flash"])
@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
async def test_a_tool_round_trip(
    client_programs: Path, sandbox_with_every_model: Sandbox, service: Service, dialect: str, model: str, mode: str
) -> None:
    script = client_programs.parent.parent / SCRIPT.name  # beside the packages that it imports
    await asyncio.to_thread(shutil.copy, SCRIPT, script)
    sandbox_with_every_model.script.answer("I will look.", tools=[("get_weather", {"city": "Oslo"})])
    process = await asyncio.create_subprocess_exec(
        *(client_programs / "node", script, dialect, service.url, model, mode),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    read = json.loads(out)
    assert read["call"] == ["get_weather", {"city": "Oslo"}]
    assert "4 degrees, rain" in read["text"]
