"""A request for no output at all warms Anthropic's cache; elsewhere there is none to warm."""

import anthropic
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving


@pytest.mark.parametrize("stream", [False, True])
async def test_a_warm_up_of_a_model_without_that_cache_costs_nothing(server: Serving, sandbox: Sandbox, stream: bool) -> None:
    message: anthropic.types.Message
    async with anthropic.AsyncAnthropic(base_url=server.url, api_key="dummy", max_retries=0) as client:
        if stream:
            async with client.messages.stream(
                model="gpt-4.1", max_tokens=0, messages=[{"role": "user", "content": "Hei"}]
            ) as opened:
                message = await opened.get_final_message()
        else:
            message = await client.messages.create(model="gpt-4.1", max_tokens=0, messages=[{"role": "user", "content": "Hei"}])
    assert (message.content, message.stop_reason, message.usage.output_tokens) == ([], "max_tokens", 0)
    assert message.usage.input_tokens > 0
    assert not [seen for seen in sandbox.seen if seen.path == "/chat/completions"]
