"""Refusals that need not stand, over real sockets: what is sent again, what is remembered, what is said in the end."""

from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.sandbox import Sandbox
from copilot_api.server import sending
from copilot_api.service import Service
from tests.builders.serving import Serve, Serving
from tests.conftest import MakeService

CHAT_PATH, MESSAGES_PATH = "/v1/chat/completions", "/v1/messages"
ASK = [{"role": "user", "content": "How is Oslo?"}]
CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": ASK}
CLAUDE: dict[str, Any] = {"model": "claude-sonnet-4.6", "max_tokens": 500, "messages": ASK}
NOT_SUPPORTED = {"error": {"message": "The requested model is not supported.", "code": "model_not_supported"}}
NOT_HERE = {"error": {"message": "not accessible via the /chat/completions endpoint", "code": "unsupported_api_for_model"}}


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


def asked(sandbox: Sandbox) -> list[Any]:
    return [seen for seen in sandbox.seen if seen.path in {"/chat/completions", "/v1/messages", "/responses"}]


async def refused(response: aiohttp.ClientResponse) -> str:
    """The words of a refusal; fails when it is none."""
    assert response.status == 400
    return str((await response.json())["error"]["message"])


async def test_a_refusal_that_can_be_mended_is_mended(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    said = {"error": {"message": "Unsupported parameter: 'temperature' is not supported.", "code": "invalid_request_body"}}
    sandbox.script.fault("status", status=400, body=said)
    async with http.post(server.url + CHAT_PATH, json=CHAT | {"temperature": 0.5}) as response:
        assert response.status == 200
        assert "refused-field-dropped" in response.headers["x-copilot-api-repairs"]
        assert response.headers["x-copilot-api-losses"] == "temperature"
    first, second = asked(sandbox)
    assert "temperature" in first.json
    assert "temperature" not in second.json
    assert second.headers["X-Initiator"] == "user", "the first one was refused and not counted"


async def test_what_was_refused_once_is_left_out_from_then_on(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """users.md row 3: Claude Code's newest fields come back as errors with each of its releases."""
    caplog.set_level("INFO", "copilot_api")
    body = CLAUDE | {"tools": [{"name": "f", "input_schema": {"type": "object"}, "newest_field": 1}], "another": "canary"}
    for _ in range(2):
        async with http.post(service.url + MESSAGES_PATH, json=body) as response:
            assert response.status == 200
            repairs = response.headers["x-copilot-api-repairs"].split(",")
            assert sorted(response.headers["x-copilot-api-losses"].split(",")) == ["another", "tools.newest_field"]
    assert "learned-fields-dropped" in repairs
    assert ["newest_field" in str(seen.json) for seen in asked(sandbox)] == [True, True, False, False]
    assert "claude-sonnet-4.6 at /v1/messages refuses tools.*.newest_field, which is left out from now on" in caplog.text
    assert "canary" not in caplog.text
    async with http.get(service.url + "/repairs") as response:
        learned = (await response.json())["learned"]
    assert {entry["field"] for entry in learned} == {"another", "tools.*.newest_field"}


async def test_a_beta_that_was_refused_once_is_not_sent_again(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(betas=("advisor-tool-2026-03-01", "context-management-2025-06-27"))
    headers = {"anthropic-beta": "advisor-tool-2026-03-01,context-management-2025-06-27"}
    for _ in range(2):
        async with http.post(server.url + MESSAGES_PATH, json=CLAUDE, headers=headers) as response:
            assert response.status == 200
    kept = "context-management-2025-06-27"
    assert [seen.headers["anthropic-beta"] for seen in asked(sandbox)] == [headers["anthropic-beta"], kept, kept]


async def test_what_was_refused_in_vain_teaches_nothing(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    said = {"error": {"message": "Unknown parameter: 'verbosity'."}}
    sandbox.script.fault("status", status=400, body=said)
    sandbox.script.fault("status", status=400, body={"error": {"message": "no such luck"}})
    async with http.post(server.url + CHAT_PATH, json=CHAT | {"verbosity": "low"}) as response:
        assert await refused(response) == "no such luck"
    async with http.post(server.url + CHAT_PATH, json=CHAT | {"verbosity": "low"}) as response:
        assert response.status == 200
    assert "verbosity" in asked(sandbox)[-1].json


async def test_an_answer_that_a_sign_of_life_began_does_not_begin_again_elsewhere(
    make_service: MakeService, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    service = await make_service(heartbeat_s=0.1)
    await service.catalog.find("gpt-5-mini")
    entry = next(entry for entry in sandbox.models if entry["id"] == "gpt-5-mini")
    sandbox.models = [entry | {"supported_endpoints": ["/chat/completions"]}]  # which nobody has told the service
    sandbox.script.fault("delay", path="/responses", seconds=0.5)
    sandbox.script.answer("Cold and bright.")
    body = {"model": "gpt-5-mini", "input": "How is Oslo?", "stream": True}
    async with http.post(service.url + "/v1/responses", json=body) as response:
        events = [loads(frame.data) for frame in SseDecoder().feed(await response.read()) if frame.data]
    assert [seen.path for seen in asked(sandbox)] == ["/responses", "/chat/completions"]
    kinds = [event["type"] for event in events]
    assert (kinds[0], kinds.count("response.created"), kinds[-1]) == ("response.created", 1, "response.completed")
    assert "keepalive" in kinds
    assert len({event["response"]["id"] for event in events if "response" in event}) == 1
    numbers = [event["sequence_number"] for event in events]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("stream", [False, True])
async def test_a_model_that_is_not_served_where_the_list_says_is_asked_elsewhere(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, stream: bool
) -> None:
    """copilot-upstream.md §8: re-routed once, and remembered."""
    sandbox.script.fault("status", path="/chat/completions", status=400, body=NOT_HERE)
    sandbox.script.answer("Cold and bright.", times=2)
    body = CHAT | {"model": "claude-sonnet-4.6", "stream": stream}
    repairs = []
    for _ in range(2):
        async with http.post(server.url + CHAT_PATH, json=body) as response:
            assert response.status == 200
            assert b"bright" in await response.read()
            repairs.append("endpoint-corrected" in response.headers.get("x-copilot-api-repairs", ""))
    assert [seen.path for seen in asked(sandbox)] == ["/chat/completions", "/v1/messages", "/v1/messages"]
    assert repairs == [True, False]


async def test_a_model_that_is_served_nowhere_else_is_refused_in_copilots_words(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.script.fault("status", status=400, body=NOT_HERE)
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert "not accessible" in await refused(response)
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 200, "the only way to a model is not given up"


@pytest.mark.parametrize(("path", "body"), [(CHAT_PATH, CHAT), (MESSAGES_PATH, CLAUDE | {"stream": True})])
async def test_a_model_that_is_being_rolled_out_is_tried_until_it_is_there(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    """users.md row 1: each request met a server that knows the model, or one that does not."""
    server = await serve(rollout_delay_s=0.01, heartbeat_s=10)
    sandbox.script.fault("status", status=400, body=NOT_SUPPORTED, times=8)
    async with http.post(server.url + path, json=body) as response:
        assert response.status == 200
        assert "rollout-retried" in response.headers["x-copilot-api-repairs"].split(",")
        await response.read()
    bodies = [seen.body for seen in asked(sandbox)]
    assert (len(bodies), len({*bodies})) == (9, 1), "the same bytes, nine times"


async def test_a_model_that_is_refused_every_time_is_explained_and_given_up_for_a_while(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(rollout_delay_s=0.01)
    sandbox.script.fault("status", status=400, body=NOT_SUPPORTED, times=10)
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        said = await refused(response)
        assert response.headers["x-should-retry"] == "false"
    assert said.startswith("Copilot does not serve gpt-4.1: it is listed and enabled all the same; ")
    assert "usable models: " in said
    assert "claude-sonnet-4.6" in said
    assert len(asked(sandbox)) == 9
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        await refused(response)
    assert len(asked(sandbox)) == 10, "one try, while it is hopeless"
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 200
    sandbox.script.fault("status", status=400, body=NOT_SUPPORTED, times=2)
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 200, "what was served is no longer hopeless"


async def test_the_tries_have_an_end_in_time(
    make_service: MakeService, http: aiohttp.ClientSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ROLLOUT_WITHIN_S", 0.05)
    service = await make_service(rollout_delay_s=0.04)
    sandbox.script.fault("status", status=400, body=NOT_SUPPORTED, times=8)
    async with http.post(service.url + CHAT_PATH, json=CHAT) as response:
        await refused(response)
    assert len(asked(sandbox)) == 2


async def test_there_is_no_second_try_where_none_is_wanted(serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    server = await serve(rollout_delay_s=0)
    sandbox.script.fault("status", status=400, body=NOT_SUPPORTED)
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        await refused(response)
    assert len(asked(sandbox)) == 1


def gone(sandbox: Sandbox) -> None:
    sandbox.models[:] = [entry for entry in sandbox.models if entry["id"] != "gpt-4.1"]


def disabled(sandbox: Sandbox) -> None:
    next(entry for entry in sandbox.models if entry["id"] == "gpt-4.1")["policy"] = {"state": "disabled"}


def for_some_plans(sandbox: Sandbox) -> None:
    next(entry for entry in sandbox.models if entry["id"] == "gpt-4.1")["billing"] = {"restricted_to": ["pro_plus", "max"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (gone, "its list of models does not hold it any more"),
        (disabled, "it is not enabled for this account"),
        (for_some_plans, "it may not be part of your plan (it is for pro_plus, max)"),
    ],
)
async def test_the_reason_is_what_the_list_says_by_now(
    make_service: MakeService, http: aiohttp.ClientSession, sandbox: Sandbox, change: Any, reason: str
) -> None:
    service = await make_service(rollout_delay_s=0)
    service.catalog._tried_at = (-1e9, -1e9)  # a minute has passed since the list was read
    change(sandbox)
    sandbox.script.fault("status", status=400, body=NOT_SUPPORTED)
    async with http.post(service.url + CHAT_PATH, json=CHAT) as response:
        assert reason in await refused(response)


async def test_another_integrators_model_is_explained_by_copilot_itself(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(rollout_delay_s=0)
    message = 'The requested model is not available for integrator "nobody". Available models: []'
    said_so = {"error": {"message": message, "code": "model_not_available_for_integrator"}}
    sandbox.script.fault("status", status=400, body=said_so)
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        said = await refused(response)
    assert 'not available for integrator "nobody"' in said
    assert "integration_id" in said


async def test_replays_of_the_client_are_told(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.script.fault("unauthorized")
    sandbox.script.fault("reset")
    sandbox.script.fault("status", status=400, body=b"Bad Request")
    async with http.post(server.url + CHAT_PATH, json=CHAT) as response:
        assert response.status == 200
        told = response.headers["x-copilot-api-repairs"].split(",")
    assert told[:3] == ["connection-replayed", "hiccup-replayed", "token-renewed"]
    async with http.get(server.url + "/repairs") as response:
        fired = {row["name"]: row["fired"] for row in (await response.json())["repairs"]}
    assert [fired[name] for name in told[:3]] == [1, 1, 1]
