"""Every recorded request of a real program, sent again to a model of every family: accepted, or refused for a reason we name.

`recordings.tar.xz` holds one folder a program and one JSON file a request; prose is replaced by filler of the same length.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ARCHIVE = Path(__file__).parent / "recordings.tar.xz"
# One of each: chat only, chat and Responses, Responses only (Codex's, and one that searches tools), Claudes of three ages.
FAMILIES = (
    "gpt-4.1",
    "gpt-5-mini",
    "gpt-5.3-codex",
    "gpt-5.6-sol",
    "claude-haiku-4.5",
    "claude-sonnet-4.6",
    "claude-opus-5",
    "gemini-3.8-flash",
    "grok-4.7",
    "kimi-k3",
)
PATHS = {"/v1/messages", "/v1/responses", "/v1/chat/completions"}
# What no upstream of Copilot's can do, in words that our answer must hold.
REFUSED = (
    "conversations are not kept on this server",  # the SDK's tool runner then sends the whole conversation
    "web_search",  # a request that is nothing but a search of Anthropic's
    "item_reference",  # an item by its id, which was given out in another life of the server
)


def recorded() -> Iterator[tuple[str, Json]]:
    with tarfile.open(ARCHIVE) as archive:
        for member in sorted(archive.getmembers(), key=lambda m: m.name):
            file = archive.extractfile(member)
            if file and member.name.endswith(".json"):
                yield member.name.removeprefix("./").removesuffix(".json"), loads(file.read())


RECORDED = [(name, request) for name, request in recorded() if request["method"] == "POST" and request["path"] in PATHS]
PROGRAMS = sorted({name.split("/")[0] for name, _ in RECORDED})


@pytest.fixture
def every_model(sandbox: Sandbox) -> Sandbox:
    """The sandbox with an account that has accepted every model's terms, before anything reads its catalog."""
    sandbox.models = [entry | {"policy": {"state": "enabled", "terms": ""}} for entry in sandbox.models]
    return sandbox


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("program", PROGRAMS)
async def test_whatever_a_program_sends_a_model_of_any_family_answers(
    every_model: Sandbox, server: Serving, http: aiohttp.ClientSession, program: str, family: str
) -> None:
    failures: list[str] = []
    sent = 0
    for name, request in RECORDED:
        if not name.startswith(f"{program}/"):
            continue
        sent += 1
        answers = len(every_model.seen)
        body = request["body"] | {"model": family}
        headers = {key: value for key, value in request["headers"] if key.lower().startswith(("anthropic-", "x-"))}
        address = server.url + request["path"] + ("?beta=true" if request["path"] == "/v1/messages" else "")
        async with http.post(address, data=dumps(body), headers=headers) as response:
            text = (await response.read()).decode()
        if response.status == 200:
            bad = "event: error" in text or "response.failed" in text or '"error":{' in text
            upstream = [
                seen for seen in every_model.seen[answers:] if seen.path in {"/chat/completions", "/v1/messages", "/responses"}
            ]
            if bad or not upstream:
                failures.append(f"{name}: {text[-300:]}")
        elif not any(words in text for words in REFUSED):
            failures.append(f"{name}: {response.status} {text[:300]}")
    assert sent
    assert not failures, "\n".join(failures)


def test_the_archive_is_whole() -> None:
    assert len(RECORDED) == 247
    assert {request["path"] for _, request in RECORDED} == PATHS
