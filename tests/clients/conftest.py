"""Real clients, unmodified, pointed at a running service: the official SDKs, and programs that people work with."""

from collections.abc import AsyncIterator

import anthropic
import openai
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving


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
