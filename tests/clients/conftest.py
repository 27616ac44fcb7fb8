"""Real clients, unmodified, pointed at a running service: the official SDKs, and programs that people work with."""

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import openai
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def client_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs that tests/clients/package-lock.json pins, and of a Node.js that is new enough for them.

    Only Claude Code's install script is run, which puts its program into place; the others would compile what nobody needs.
    """
    npm = shutil.which("npm")
    assert npm, "the client programs come from npm: install Node.js"
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    for command in (["ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["rebuild", "@anthropic-ai/claude-code"]):
        subprocess.run([npm, *command], cwd=folder, check=True)
    return folder / "node_modules" / ".bin"


@pytest.fixture
def sandbox_with_every_model(sandbox: Sandbox) -> Sandbox:
    """The account has accepted every model's terms, so that claude-opus-5, which speaks Messages only, can be asked."""
    sandbox.models = [entry | {"policy": {"state": "enabled", "terms": ""}} for entry in sandbox.models]
    return sandbox


@pytest.fixture
async def openai_sdk(sandbox_with_every_model: Sandbox, server: Serving) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="dummy", max_retries=0) as client:
        yield client


@pytest.fixture
async def anthropic_sdk(sandbox_with_every_model: Sandbox, server: Serving) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=server.url, api_key="dummy", max_retries=0) as client:
        yield client
