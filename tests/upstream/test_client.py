"""What goes to Copilot, what is sent twice and what never is, and what its failures are called."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import dumps
from copilot_api.dialects.events import Ask
from copilot_api.errors import (
    CopilotApiError,
    UpstreamBroke,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.translate import repairs
from copilot_api.upstream import breaker as breaker_module
from copilot_api.upstream import client as client_module
from copilot_api.upstream.auth import CopilotAuth
from copilot_api.upstream.breaker import Breaker
from copilot_api.upstream.client import LARGE_BODY_BYTES, CopilotClient
from copilot_api.upstream.clock import SystemClock
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.replays import BUDGET, PAUSES_S, REPLAYS
from tests.builders.front import Front
from tests.builders.waiting import eventually

CHAT = "/chat/completions"
BODY = dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]})
STREAM = dumps({"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Hei"}]})
ASK = Ask(model="gpt-4.1", stream=False, initiator="user", why="", interaction="one-turn", has_images=True)

MakeClient = Callable[..., CopilotClient]


@pytest.fixture
def make_client(http: aiohttp.ClientSession, settings_for: Callable[..., Settings], sandbox: Sandbox) -> MakeClient:
    """A client of the sandbox, or of `copilot_url`; the options are settings."""

    def make(replays: frozenset[Any] = REPLAYS, breaker: Breaker | None = None, **options: object) -> CopilotClient:
        settings = settings_for(**options)
        hosts, identity = Hosts.of(settings), Identity(settings)
        auth = CopilotAuth(GitHub(http, hosts, identity, settings), Grant(sandbox.grant), hosts, SystemClock())
        return CopilotClient(http, auth, identity, settings, breaker=breaker, replays=replays)

    return make


@pytest.fixture
def client(make_client: MakeClient) -> CopilotClient:
    return make_client()


def asked(sandbox: Sandbox, path: str = CHAT) -> list[str]:
    """The outcomes of the requests to `path`, in order."""
    return [seen.outcome for seen in sandbox.seen if seen.path == path]


async def test_a_request_carries_who_we_are_and_who_started_it(client: CopilotClient, sandbox: Sandbox) -> None:
    answer = await client.send(CHAT, BODY, request_id="id-1", ask=ASK, betas=("b1", "b2"))
    assert answer.status == 200
    assert not answer.is_stream
    assert b'"choices"' in await answer.read()
    headers = sandbox.seen[-1].headers
    assert headers["Authorization"].startswith("Bearer tid=")
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Request-Id"] == "id-1"
    assert headers["OpenAI-Intent"] == "conversation-agent"
    assert headers["X-Initiator"] == "user"
    assert headers["X-Interaction-Id"] == "one-turn"
    assert headers["X-Interaction-Type"] == "conversation-agent"
    assert headers["Copilot-Vision-Request"] == "true"
    assert headers["anthropic-beta"] == "b1,b2"
    assert sandbox.seen[-1].body == BODY


async def test_nobody_started_what_costs_nothing(client: CopilotClient, sandbox: Sandbox) -> None:
    models = await client.get("/models", request_id="id-2")
    assert models["object"] == "list"
    headers = sandbox.seen[-1].headers
    assert "X-Initiator" not in headers
    assert "Content-Type" not in headers
    assert headers["OpenAI-Intent"] == "model-access"


async def test_a_stream_comes_in_pieces(client: CopilotClient) -> None:
    answer = await client.send(CHAT, STREAM, request_id="id", ask=ASK)
    assert answer.is_stream
    pieces = [piece async for piece in answer.chunks()]
    assert b"".join(pieces).endswith(b"data: [DONE]\n\n")
    assert await answer.chunk() == b""
    answer.close()


async def test_a_large_body_is_sent_whole(client: CopilotClient, sandbox: Sandbox) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(LARGE_BODY_BYTES)).decode()
    content = [{"type": "image_url", "image_url": {"url": picture}}]
    body = dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": content}]})
    await (await client.send(CHAT, body, request_id="id", ask=ASK)).read()
    assert sandbox.seen[-1].body == body
    assert sandbox.seen[-1].headers["Content-Length"] == str(len(body))


async def test_closing_an_answer_hangs_up(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("stall_mid")
    answer = await client.send(CHAT, STREAM, request_id="id", ask=ASK)
    await answer.chunk()
    answer.close()
    await eventually(lambda: asked(sandbox) == ["client left"])


async def test_waiting_for_a_piece_may_be_cancelled_without_loss(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("delay", seconds=0.2)
    sandbox.script.answer("all of it")
    whole = b""
    answer = await client.send(CHAT, STREAM, request_id="id", ask=ASK)
    while True:
        try:
            async with asyncio.timeout(0.001):
                piece = await answer.chunk()
        except TimeoutError:
            continue
        if not piece:
            break
        whole += piece
    assert whole.endswith(b"data: [DONE]\n\n")


async def test_an_expired_token_is_replaced_and_the_request_sent_once_more(client: CopilotClient, sandbox: Sandbox) -> None:
    await client.get("/models", request_id="first")
    sandbox.expire_tokens()
    answer = await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert answer.status == 200
    answer.close()
    first, second = [seen for seen in sandbox.seen if seen.path == CHAT]
    assert first.headers["Authorization"] != second.headers["Authorization"]
    assert first.headers["X-Request-Id"] == second.headers["X-Request-Id"] == "id"


async def test_a_replay_with_a_new_token_says_what_the_original_said(client: CopilotClient, sandbox: Sandbox) -> None:
    """premium-requests.md §6, case 17."""
    sandbox.script.fault("unauthorized")
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
    assert [seen.headers["X-Initiator"] for seen in sandbox.seen if seen.path == CHAT] == ["user", "user"]


async def test_a_second_401_is_an_answer(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("unauthorized", times=9)
    with pytest.raises(UpstreamRefused) as caught:
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert (caught.value.status, caught.value.kind) == (401, "authentication")
    assert len(asked(sandbox)) == 2


async def test_a_first_403_may_be_a_stale_token_and_a_second_is_policy(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("forbidden")
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
    assert len(asked(sandbox)) == 2

    sandbox.script.fault("forbidden", times=9)
    with pytest.raises(UpstreamRefused) as caught:
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert caught.value.kind == "permission"
    exchanges = [seen for seen in sandbox.seen if seen.path == "/copilot_internal/v2/token"]
    with pytest.raises(UpstreamRefused):
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    again = [seen for seen in sandbox.seen if seen.path == "/copilot_internal/v2/token"]
    assert len(again) == len(exchanges), "a policy is no reason to fetch tokens"


@pytest.mark.parametrize(("fault", "status"), [("quota", 402), ("rate_limited", 429), ("overloaded", 503)])
async def test_a_refusal_that_time_must_mend_is_never_replayed(
    client: CopilotClient, sandbox: Sandbox, fault: str, status: int
) -> None:
    sandbox.script.fault(fault, times=9, seconds=7)  # type: ignore[arg-type] # pytest hands over plain texts
    with pytest.raises(UpstreamRefused) as caught:
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert caught.value.status == status
    assert len(asked(sandbox)) == 1


async def test_how_long_to_wait_is_passed_on(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("rate_limited", seconds=7)
    with pytest.raises(UpstreamRefused) as caught:
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert caught.value.retry_after == "7"


async def test_a_gateways_hiccup_is_sent_once_more(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("status", status=400, body="Bad Request\n")
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
    assert [seen.headers["X-Initiator"] for seen in sandbox.seen if seen.path == CHAT] == ["user", "user"]


async def test_a_connection_lost_before_the_answer_is_tried_once_more_as_the_official_client_does(
    client: CopilotClient, sandbox: Sandbox
) -> None:
    sandbox.script.fault("reset")
    answer = await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert answer.status == 200
    answer.close()
    assert [seen.headers["X-Initiator"] for seen in sandbox.seen if seen.path == CHAT] == ["user", "agent"]


async def test_a_lost_connection_stays_the_users_where_that_is_set(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("reset")
    (await make_client(always_user=True).send(CHAT, BODY, request_id="id", ask=ASK)).close()
    assert [seen.headers["X-Initiator"] for seen in sandbox.seen if seen.path == CHAT] == ["user", "user"]


async def test_a_connection_lost_twice_is_a_failure(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("reset", times=9)
    with pytest.raises(UpstreamUnreachable):
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert len(asked(sandbox)) == 2


async def test_silence_before_the_answer_ends(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("stall")
    with pytest.raises(UpstreamTimeout, match="did not begin"):
        await make_client(idle_timeout_s=0.2).send(CHAT, BODY, request_id="id", ask=ASK)
    assert len(asked(sandbox)) == 1


async def test_silence_in_the_middle_ends(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("stall_mid")
    answer = await make_client(idle_timeout_s=0.2).send(CHAT, STREAM, request_id="id", ask=ASK)
    with pytest.raises(UpstreamTimeout, match="fell silent"):
        await answer.read()
    answer.close()


async def test_a_cut_in_the_middle_is_told(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("cut")
    answer = await client.send(CHAT, STREAM, request_id="id", ask=ASK)
    with pytest.raises(UpstreamBroke, match="broke in the middle"):
        await answer.read()
    answer.close()


async def test_what_copilot_says_of_the_plan_is_kept(client: CopilotClient, sandbox: Sandbox) -> None:
    assert not client.quotas
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
    assert client.quotas["premium_interactions"].percent > 0
    before = client.quotas
    await client.get("/models", request_id="id")
    assert client.quotas == before


async def test_an_answer_that_is_no_json_object_is_no_answer(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("status", path="/models", status=200, body="<html>")
    with pytest.raises(UpstreamBroke, match="not JSON"):
        await client.get("/models", request_id="id")
    sandbox.script.fault("status", path="/models", status=200, body="[]")
    with pytest.raises(UpstreamBroke, match="not a JSON object"):
        await client.get("/models", request_id="id")


async def test_a_redirect_never_takes_the_token_along(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("status", status=307, headers={"Location": sandbox.github_url + "/steal"})
    with pytest.raises(UpstreamRefused):
        await client.send(CHAT, BODY, request_id="id", ask=ASK)
    assert not [seen for seen in sandbox.seen if seen.path == "/steal"]


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def odd_server(talk: Talk) -> AsyncIterator[str]:
    """A server that does as `talk` says once a request head has come."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_what_is_no_http_is_told_as_that(make_client: MakeClient) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9\r\n\r\n")

    async with odd_server(talk) as url:
        with pytest.raises(UpstreamBroke, match="not HTTP"):
            await make_client(copilot_url=url).send(CHAT, BODY, request_id="id", ask=ASK)


async def test_an_error_that_is_cut_short_is_still_an_error(make_client: MakeClient) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 500 Oops\r\nContent-Length: 1000\r\n\r\n{"message":')

    async with odd_server(talk) as url:
        with pytest.raises(UpstreamRefused) as caught:
            await make_client(copilot_url=url).send(CHAT, BODY, request_id="id", ask=ASK)
    assert caught.value.status == 500


async def test_an_endless_error_is_not_read_to_its_end(make_client: MakeClient) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oops\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 16384)
            await writer.drain()

    async with odd_server(talk) as url:
        with pytest.raises(UpstreamRefused) as caught:
            await make_client(copilot_url=url).send(CHAT, BODY, request_id="id", ask=ASK)
    assert caught.value.message.startswith("xxx")


async def test_nobody_listening_is_told_as_unreachable(make_client: MakeClient, unused_tcp_port: int) -> None:
    with pytest.raises(UpstreamUnreachable, match="Copilot could not be reached"):
        await make_client(copilot_url=f"http://127.0.0.1:{unused_tcp_port}").send(CHAT, BODY, request_id="id", ask=ASK)


async def test_no_failure_shows_the_token(make_client: MakeClient, sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "copilot_api")
    said: list[str] = []
    for fault in ("unauthorized", "forbidden", "reset", "headers", "html", "quota"):
        sandbox.script.clear()
        sandbox.script.fault(fault, times=9)
        with pytest.raises(CopilotApiError) as caught:
            await make_client().send(CHAT, BODY, request_id="id", ask=ASK)
        said.append(f"{caught.value!r} {caught.value.text} {caught.value.__cause__!r}")
    assert "tid=" not in " ".join([*said, caplog.text])
    assert sandbox.grant not in " ".join([*said, caplog.text])


WAYS: list[tuple[str, Any, dict[str, Any]]] = [
    ("token-renewed", "unauthorized", {}),
    ("connection-replayed", "reset", {}),
    ("hiccup-replayed", "status", {"status": 400, "body": b"Bad Request"}),
    ("failure-replayed", "status", {"status": 502, "body": b"Bad Gateway"}),
]


@pytest.mark.parametrize(("name", "fault", "options"), WAYS)
async def test_each_replay_is_a_row_of_the_table_of_repairs(
    make_client: MakeClient, sandbox: Sandbox, name: str, fault: Any, options: dict[str, Any]
) -> None:
    """With the row the request is answered and the row has fired; without it the fault is the answer."""
    assert name in repairs.REPLAYS
    sandbox.script.fault(fault, **options)
    answer = await make_client().send(CHAT, BODY, request_id="1", ask=ASK)
    answer.close()
    assert answer.replays == {name}
    sandbox.script.fault(fault, **options)
    with pytest.raises(CopilotApiError):
        await make_client(replays=REPLAYS - {name}).send(CHAT, BODY, request_id="1", ask=ASK)


def test_the_table_of_repairs_names_every_replay() -> None:
    assert set(repairs.REPLAYS) == REPLAYS == {"connection-awaited"} | {name for name, _, _ in WAYS}


async def test_what_never_connected_is_tried_again_a_moment_later(
    make_client: MakeClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAUSES_S, "connection-awaited", (0.05, 0.2))
    async with Front(sandbox.copilot_url) as front:
        await front.set("gone")
        sending = asyncio.gather(make_client(copilot_url=front.url).send(CHAT, BODY, request_id="1", ask=ASK))
        await asyncio.sleep(0.1)
        await front.set("open")
        [answer] = await sending
        answer.close()
        assert answer.replays == {"connection-awaited"}
        assert [seen.headers["X-Initiator"] for seen in sandbox.seen if seen.path == CHAT] == ["user"], (
            "it never went out before"
        )
        await front.set("gone")
        with pytest.raises(UpstreamUnreachable):
            client = make_client(replays=REPLAYS - {"connection-awaited"}, copilot_url=front.url)
            await client.send(CHAT, BODY, request_id="1", ask=ASK)


async def test_what_may_not_go_out_twice_is_tried_again_where_it_never_went_out(
    make_client: MakeClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAUSES_S, "connection-awaited", (0.0, 0.0))
    client = make_client()
    sandbox.script.fault("reset")
    with pytest.raises(UpstreamUnreachable):
        await client.send(CHAT, BODY, request_id="1", ask=ASK, is_replayable=False)
    async with Front(sandbox.copilot_url) as front:
        await front.set("gone")
        client = make_client(copilot_url=front.url)
        tried = [problem async for problem in problems(client, 1, is_replayable=False)]
        assert len(tried) == 1
    assert client.budget.take()
    assert round(client.budget._left) == BUDGET - 3, "twice sent again, once taken by the line above"


async def problems(client: CopilotClient, times: int, **options: Any) -> AsyncIterator[CopilotApiError]:
    """What so many requests end with, one after the other."""
    for _ in range(times):
        with pytest.raises(CopilotApiError) as caught:
            await client.send(CHAT, BODY, request_id="1", ask=ASK, **options)
        yield caught.value


async def test_a_failure_of_copilots_is_sent_once_more_as_the_agents(client: CopilotClient, sandbox: Sandbox) -> None:
    """premium-requests.md §3: nobody knows whether the first was counted."""
    sandbox.script.fault("status", status=500)
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
    assert [seen.headers["X-Initiator"] for seen in sandbox.seen if seen.path == CHAT] == ["user", "agent"]


async def test_who_names_a_time_to_wait_is_not_asked_before(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("status", status=502, headers={"Retry-After": "5"})
    [problem] = [problem async for problem in problems(client, 1)]
    assert (problem.retry_after, len(asked(sandbox))) == ("5", 1)


async def test_an_answer_lost_before_its_first_byte_is_sent_once_more(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("headers")
    answer = await client.send(CHAT, STREAM, request_id="id", ask=ASK)
    assert (await answer.read()).endswith(b"data: [DONE]\n\n")
    assert answer.replays == {"connection-replayed"}


async def test_an_outage_does_not_double_the_load(
    client: CopilotClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PAUSES_S, "failure-replayed", (0.0,))
    sandbox.script.fault("status", status=502, times=1000)
    await asyncio.gather(*(anext(problems(client, 1)) for _ in range(3 * BUDGET)))
    assert len(asked(sandbox)) <= 4 * BUDGET + 1
    sandbox.script.clear()
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()


async def test_headers_that_lie_about_packing_are_told_as_that(client: CopilotClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("gzip_lies")
    [problem] = [problem async for problem in problems(client, 1)]
    assert problem.message == "Copilot's answer is not packed as it says"
    assert len(asked(sandbox)) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_is_what_it_is_whatever_its_headers_say(client: CopilotClient, sandbox: Sandbox, stream: bool) -> None:
    sandbox.script.fault("wrong_type")
    answer = await client.send(CHAT, STREAM if stream else BODY, request_id="id", ask=ASK)
    assert answer.is_stream is stream
    answer.close()


async def test_an_answer_that_never_ends_is_ended(make_client: MakeClient, sandbox: Sandbox) -> None:
    sandbox.script.fault("drip", seconds=40)
    answer = await make_client(answer_timeout_s=1).send(CHAT, STREAM, request_id="id", ask=ASK)
    with pytest.raises(UpstreamTimeout, match="found no end"):
        await answer.read()
    answer.close()


async def test_a_body_without_end_is_not_kept(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "BODY_LIMIT_BYTES", 1024 * 1024)

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while not writer.is_closing():
            writer.write(b'{"a":' * 4096)
            await writer.drain()

    async with odd_server(talk) as url:
        answer = await make_client(copilot_url=url).send(CHAT, BODY, request_id="id", ask=ASK)
        with pytest.raises(UpstreamBroke, match="more than 1 MiB"):
            await answer.read()
        answer.close()


async def test_a_peer_that_never_reads_is_given_up(make_client: MakeClient, sandbox: Sandbox) -> None:
    async with Front(sandbox.copilot_url) as front:
        await front.set("unread")
        client = make_client(copilot_url=front.url, connect_timeout_s=0.2, idle_timeout_s=1)
        with pytest.raises(UpstreamTimeout, match="did not begin"):
            await client.send(CHAT, b"x" * 16 * 1024 * 1024, request_id="id", ask=ASK)


async def test_an_error_whose_body_only_drips_is_told_in_time(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "ERROR_BODY_S", 0.2)

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Oops\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)
        gone.set()

    gone = asyncio.Event()
    async with odd_server(talk) as url:
        [problem] = [problem async for problem in problems(make_client(copilot_url=url), 1)]
        assert problem.status == 413
        await gone.wait()


# While Copilot cannot be reached


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outage of a tenth of a second is one already."""
    monkeypatch.setattr(breaker_module, "LASTING_S", 0.1)
    monkeypatch.setattr(breaker_module, "FIRST_REST_S", 0.3)
    monkeypatch.setattr(client_module, "PROBING_S", 0.1)
    monkeypatch.setitem(PAUSES_S, "connection-awaited", (0.05, 0.05))


async def test_an_outage_is_answered_at_once_and_ends_by_itself(make_client: MakeClient, sandbox: Sandbox, brief: None) -> None:
    async with Front(sandbox.copilot_url) as front:
        breaker = Breaker("Copilot", SystemClock())
        client = make_client(breaker=breaker, copilot_url=front.url)
        (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
        watching = asyncio.gather(client.keep_reachable())
        await front.set("gone")
        assert [problem.status async for problem in problems(client, 1)] == [502]
        await eventually_open(client, breaker)
        tried = front.connections
        [problem] = [problem async for problem in problems(client, 1)]
        assert (problem.status, problem.retry_after) == (503, "1")
        with pytest.raises(UpstreamUnreachable):
            client.check()
        assert front.connections == tried
        await front.set("open")
        await eventually(lambda: not breaker.is_open)
        client.check()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert [seen.path for seen in sandbox.seen if seen.plane == "copilot"] == [CHAT, "/_ping"]


async def eventually_open(client: CopilotClient, breaker: Breaker) -> None:
    while not breaker.is_open:
        [_] = [problem async for problem in problems(client, 1)]


async def test_whoever_comes_first_after_the_rest_finds_out(make_client: MakeClient, sandbox: Sandbox, brief: None) -> None:
    async with Front(sandbox.copilot_url) as front:
        breaker = Breaker("Copilot", SystemClock())
        client = make_client(breaker=breaker, copilot_url=front.url)
        await front.set("gone")
        await eventually_open(client, breaker)
        await asyncio.sleep(0.3)
        [problem] = [problem async for problem in problems(client, 1)]
        assert (problem.status, problem.code) == (503, "upstream_down"), "it was tried, and will be tried again"
        await front.set("open")
        await asyncio.sleep(0.6)
        (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
        assert not breaker.is_open


async def test_a_host_that_hangs_up_is_there(make_client: MakeClient, sandbox: Sandbox, brief: None) -> None:
    async with Front(sandbox.copilot_url) as front:
        breaker = Breaker("Copilot", SystemClock())
        client = make_client(breaker=breaker, copilot_url=front.url)
        await front.set("gone")
        await eventually_open(client, breaker)
        await front.set("cut")
        await asyncio.sleep(0.3)
        [problem] = [problem async for problem in problems(client, 1)]
        assert problem.status == 502
        assert not breaker.is_open


async def test_a_refusal_is_no_outage(make_client: MakeClient, sandbox: Sandbox, brief: None) -> None:
    breaker = Breaker("Copilot", SystemClock())
    client = make_client(breaker=breaker)
    sandbox.script.fault("overloaded", times=20)
    assert {problem.status async for problem in problems(client, 20)} == {503}
    assert not breaker.is_open


async def test_what_was_found_out_of_one_host_is_not_held_against_another(make_client: MakeClient, sandbox: Sandbox) -> None:
    breaker = Breaker("Copilot", SystemClock())
    client = make_client(breaker=breaker)
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()
    breaker.is_open = True
    client._base = "https://api.elsewhere.githubcopilot.com"
    (await client.send(CHAT, BODY, request_id="id", ask=ASK)).close()


async def test_an_answer_that_came_at_once_took_no_replay(client: CopilotClient) -> None:
    answer = await client.send(CHAT, BODY, request_id="1", ask=ASK)
    answer.close()
    assert answer.replays == frozenset()
