"""Vercel's AI SDK, unmodified, with the providers that programs use it with: tools, thought, pictures, objects, errors.

Slow: npm installs the pinned packages once. No account, and no network but npm's.
"""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SCRIPT = Path(__file__).parent / "ai_sdk.mjs"
PROVIDERS = ["openai", "compatible", "anthropic", "google"]  # Responses, Chat Completions, Messages, Gemini
# A model behind each endpoint of Copilot's, and how reasoning is sealed there.
SEALS = {"claude-opus-5": '"signature":"', "gpt-5.3-codex": '"encrypted_content":"', "gemini-3.8-flash": '"reasoning_opaque":"'}

Doer = Callable[..., Awaitable[list[Json]]]


@pytest.fixture
async def does(client_programs: Path, sandbox_with_every_model: Sandbox, server: Serving) -> Doer:
    """Does jobs of the script, and gives what each one read."""
    script = client_programs.parent.parent / SCRIPT.name  # beside the packages that it imports
    await asyncio.to_thread(shutil.copy, SCRIPT, script)

    async def run(provider: str, model: str, mode: str, *jobs: str) -> list[Json]:
        process = await asyncio.create_subprocess_exec(
            *map(str, (client_programs / "node", script, provider, server.url, model, mode, *jobs)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        read: list[Json] = json.loads(out)
        return read

    return run


def asked(sandbox: Sandbox) -> list[Json]:
    """The requests to a model: who asked, and what."""
    seen = [each for each in sandbox.seen if "x-initiator" in each.headers]
    return [{"by": each.headers["x-initiator"], "sees": each.sees, "body": each.body.decode()} for each in seen]


with_each = pytest.mark.parametrize("provider", PROVIDERS)
of_each = pytest.mark.parametrize("model", SEALS)
both_ways = pytest.mark.parametrize("mode", ["whole", "stream"])


@both_ways
@of_each
@with_each
async def test_a_question_a_picture_and_an_object(does: Doer, sandbox: Sandbox, provider: str, model: str, mode: str) -> None:
    sandbox.script.answer("One, two, three.", usage=Counted(prompt=20, output=3, cached=8))
    sandbox.script.answer("A dot.")
    sandbox.script.answer('{"city": "Oslo", "degrees": 4}')
    answer, picture, weather = await does(provider, model, mode, "question", "picture", "object")
    assert (answer["text"], answer["finishReason"], answer["tokens"]) == ("One, two, three.", "stop", [20, 3, 8])
    assert (answer.get("pieces", 0) > 1) == (mode == "stream")
    assert picture["text"] == "A dot."
    assert weather == {"city": "Oslo", "degrees": 4}
    _, shown, wanted = asked(sandbox)
    assert shown["sees"]
    assert "degrees" in wanted["body"]  # the schema arrived, be it in words


@both_ways
@of_each
@with_each
async def test_steps_with_tools_and_thought(does: Doer, sandbox: Sandbox, provider: str, model: str, mode: str) -> None:
    """One call, then two at once, then an answer; and then another question."""
    sandbox.script.answer("I will look.", thinking="Norway is long.", tools=[("get_weather", {"city": "Oslo"})])
    both = [("get_weather", {"city": city}) for city in ("Bergen", "Bodø")]
    sandbox.script.answer("Two more.", thinking="There is more of it.", tools=both)
    sandbox.script.answer("Four degrees everywhere.")
    sandbox.script.answer("There, too.")
    [read] = await does(provider, model, mode, "steps")
    steps = [(step["text"], step["calls"], step["finishReason"]) for step in read["steps"]]
    assert steps == [("I will look.", 1, "tool-calls"), ("Two more.", 2, "tool-calls"), ("Four degrees everywhere.", 0, "stop")]
    assert (read["called"], read["last"]) == (["Oslo", "Bergen", "Bodø"], "There, too.")
    # This model streams no summary: it stands in the finished item, where this provider does not look for it.
    is_hidden = (provider, model, mode) == ("openai", "gpt-5.3-codex", "stream")
    thoughts = [step.get("thought") for step in read["steps"]]
    assert thoughts == ([None] * 3 if is_hidden else ["Norway is long.", "There is more of it.", None])
    assert [request["by"] for request in asked(sandbox)] == ["user", "agent", "agent", "user"]
    last = asked(sandbox)[-1]["body"]
    assert all(f"{city}: 4 degrees" in last for city in read["called"])
    assert last.count(SEALS[model]) == (0 if provider == "compatible" else 2)  # that one gives no seal back
    assert (read["references"] > 0) == (provider == "openai")  # to what we are to remember


@both_ways
@of_each
@with_each
async def test_a_refusal_and_a_broken_answer(does: Doer, sandbox: Sandbox, provider: str, model: str, mode: str) -> None:
    sandbox.script.fault("rate_limited", seconds=7)
    sandbox.script.answer("one two three four five six")
    sandbox.script.fault("cut", after=5)
    refused, broken = await does(provider, model, mode, "problem", "problem")
    assert (refused["statusCode"], refused["isRetryable"], refused["retryAfter"]) == (429, True, "7")
    assert "exceeded your rate limit" in refused["message"]
    if (provider, mode) == ("google", "stream"):
        # Google tells of a failure outside the events of a stream. This provider reads nothing but events, and sees the end.
        assert broken["finishReason"] == "interrupted"
    else:
        assert "The connection to Copilot broke" in broken["message"]


@with_each
async def test_a_model_that_is_not_there(does: Doer, provider: str) -> None:
    [problem] = await does(provider, "model-nine", "whole", "problem")
    assert (problem["statusCode"], problem["isRetryable"]) == (404, False)
    assert "model-nine" in problem["message"]
