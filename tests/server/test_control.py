"""The controls: open to who knows the secret and is on this machine, to nobody else, and to nothing else."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.server import control
from copilot_api.server.control import INTAKE, MOST_WATCHERS
from copilot_api.service import Service
from tests.builders.raw import Wire
from tests.builders.waiting import eventually
from tests.conftest import MakeService

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}
ROUTES = [
    ("GET", "/status"),
    ("GET", "/watch"),
    ("POST", "/stop"),
    ("POST", "/hurry"),
    ("POST", "/approve"),
    ("POST", "/ask-again"),
    ("POST", "/look-again"),
]


def key(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.run.secret}"}


async def called(service: Service, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, service.run.control + path, json=body, headers=key(service) | named) as response,
    ):
        return response.status, await response.json()


async def frames(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The statuses that a watcher is told."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


# Who is let in


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/nothing"), ("DELETE", "/status")])
@pytest.mark.parametrize(
    "header",
    ["", "Bearer ", "Bearer wrong", "Bearer local-key", "Basic {secret}", "{secret}", "bearer {secret}x", "Bearer sch\xfcssel"],
)
async def test_nobody_gets_in_without_the_secret(make_service: MakeService, method: str, path: str, header: str) -> None:
    service = await make_service(api_keys=("local-key",))
    headers = {"Authorization": header.format(secret=service.run.secret), "x-api-key": "local-key"} if header else {}
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, service.run.control + path, headers=headers) as response,
    ):
        told = await response.text()
    assert response.status == 403
    assert service.run.secret not in told
    assert service.status.phase == "serving"


async def test_the_secret_opens_nothing_else(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(api_keys=("local-key",))
    for headers in (key(service), {"x-api-key": service.run.secret}):
        async with http.get(service.url + "/v1/models", headers=headers) as response:
            assert response.status == 401
    for path in ("/control/status", "/v1/control/status"):
        async with http.get(service.url + path, headers=key(service) | {"x-api-key": "local-key"}) as response:
            assert response.status == 404
    async with http.get(service.run.control.removesuffix("/control") + "/v1/models", headers=key(service)) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("header", "value"),
    [("Host", "rebound.example"), ("Host", "192.168.1.5"), ("Origin", "https://evil.example"), ("Origin", "null")],
)
async def test_a_web_page_gets_nowhere_even_with_the_secret(service: Service, header: str, value: str) -> None:
    status, _ = await called(service, "GET", "/status", **{header: value})
    assert status == 403


async def test_exceptions_made_for_clients_do_not_hold_here(make_service: MakeService) -> None:
    service = await make_service(allowed_hosts=("box.lan",), cors_origins=("*",))
    for header, value in (("Host", "box.lan"), ("Origin", "https://page.example")):
        assert (await called(service, "GET", "/status", **{header: value}))[0] == 403


async def test_only_this_machine_reaches_it(make_service: MakeService) -> None:
    service = await make_service(host="0.0.0.0", api_keys=("local-key",))  # noqa: S104 - what is tested
    port = int(service.run.control.split(":")[2].split("/")[0])
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        with pytest.raises(ConnectionRefusedError):
            async with Wire(f"http://{own}:{port}"):
                pass
    assert service.run.control.startswith("http://127.0.0.1:")
    assert (await called(service, "GET", "/status"))[0] == 200


async def test_it_is_there_whatever_address_clients_use(make_service: MakeService) -> None:
    service = await make_service(host="127.0.0.2")
    status, told = await called(service, "GET", "/status")
    assert (status, told["address"]) == (200, service.url.removeprefix("http://"))


async def test_the_secret_is_another_each_time_and_is_never_logged(
    make_service: MakeService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    first, second = await make_service(), await make_service()
    assert first.run.secret != second.run.secret
    assert len(first.run.secret) >= 40
    await called(first, "GET", "/status")
    await called(first, "POST", "/approve", {"id": first.run.secret, "decision": first.run.secret})
    async with Wire(first.run.control) as wire:
        await wire.send(b"GET /control/status HTTP/1.1\r\nAuthorization: Bearer " + first.run.secret.encode() + b"\x00\r\n\r\n")
        await wire.rest()
    assert first.run.secret not in caplog.text


async def test_a_large_body_is_not_read(service: Service) -> None:
    assert (await called(service, "POST", "/approve", {"id": "x" * INTAKE.most_bytes, "decision": "once"}))[0] == 413


# What it tells and does


async def test_it_tells_the_status(service: Service) -> None:
    status, told = await called(service, "GET", "/status")
    assert status == 200
    assert (told["phase"], told["login"], told["url"]) == ("serving", "sandbox-dev", service.url)


async def test_its_own_requests_are_not_counted_as_clients(service: Service) -> None:
    counts: list[int] = []
    service.subscribe(lambda status: counts.append(status.active))
    await called(service, "POST", "/ask-again", {"client": "curl"})
    await called(service, "GET", "/status")
    assert not any(counts)


@pytest.mark.parametrize("path", ["/stop", "/hurry"])
async def test_it_stops_the_service_and_answers_first(service: Service, path: str) -> None:
    status, told = await called(service, "POST", path)
    assert (status, told["phase"]) == (200, "stopping")
    async with asyncio.timeout(5):
        await service.follow()
    assert service.status.phase == "stopped"


async def test_a_stop_can_be_watched_and_hurried_though_nobody_is_let_in_any_more(
    make_service: MakeService, sandbox: Sandbox
) -> None:
    service = await make_service(drain_s=60)
    sandbox.script.fault("stall_mid")
    async with Wire(service.url) as wire:
        await wire.post("/v1/chat/completions", json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"data: ")
        await called(service, "POST", "/stop")
        with pytest.raises(ConnectionRefusedError):
            async with Wire(service.url):
                pass
        assert (await called(service, "POST", "/stop"))[1]["phase"] == "stopping"
        await asyncio.sleep(0.1)
        status, told = await called(service, "GET", "/status")
        assert (status, told["phase"], told["active"]) == (200, "stopping", 1)
        await called(service, "POST", "/hurry")
        assert b"shutting down" in await wire.rest()
        async with asyncio.timeout(5):
            await service.follow()


async def test_it_decides_on_what_waits(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(manual=True, is_attended=True)
    asking = asyncio.gather(http.post(service.url + "/v1/chat/completions", json=CHAT, headers={"User-Agent": "opencode/1"}))
    await eventually(lambda: bool(service.status.waiting))
    [waiting] = (await called(service, "GET", "/status"))[1]["waiting"]
    assert waiting == {"id": waiting["id"], "client": "opencode", "model": "gpt-4.1", "size_bytes": waiting["size_bytes"]}
    decided = {"id": waiting["id"], "decision": "always"}
    assert await called(service, "POST", "/approve", decided) == (200, {"done": True})
    assert (await asking)[0].status == 200
    assert await called(service, "POST", "/approve", decided) == (200, {"done": False})
    assert await called(service, "POST", "/ask-again", {"client": "opencode"}) == (200, {"done": True})
    assert await called(service, "POST", "/ask-again", {"client": "opencode"}) == (200, {"done": False})


@pytest.mark.parametrize("body", [{}, {"id": "1"}, {"id": "1", "decision": "perhaps"}, {"decision": ["once"]}, [], "once"])
async def test_what_is_no_decision_is_refused(service: Service, body: Any) -> None:
    status, told = await called(service, "POST", "/approve", body)
    assert status == 400
    assert told["error"]["message"]


async def test_it_looks_for_another_sign_in(service: Service) -> None:
    assert await called(service, "POST", "/look-again") == (200, {"done": True})


# Watching


async def test_a_watcher_is_told_what_is_and_what_becomes_of_it(service: Service, http: aiohttp.ClientSession) -> None:
    async with http.get(service.run.control + "/watch", headers=key(service)) as response:
        assert response.content_type == "text/event-stream"
        told = frames(response)
        assert (await anext(told))["phase"] == "serving"
        async with http.post(service.url + "/v1/chat/completions", json=CHAT) as answer:
            assert answer.status == 200
        async for status in told:
            if status["today"]["requests"] == 1 and status["active"] == 0:
                break
        await service.stop()
        last = [status async for status in told]
    assert last[-1]["phase"] == "stopped"


async def test_a_watcher_hears_that_all_is_as_it_was(
    service: Service, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "HEARTBEAT_S", 0.02)
    async with http.get(service.run.control + "/watch", headers=key(service)) as response:
        async with asyncio.timeout(5):
            await response.content.readuntil(b"\n\n")
            assert await response.content.readuntil(b"\n\n") == b":\n\n"
            assert await response.content.readuntil(b"\n\n") == b":\n\n"


async def test_a_slow_watcher_costs_no_memory_and_misses_nothing_that_lasts(
    service: Service, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told what is, and not all that was: nothing piles up for it."""
    monkeypatch.setattr(control, "PAUSE_S", 0.05)
    async with http.get(service.run.control + "/watch", headers=key(service)) as response:
        told = frames(response)
        await anext(told)
        for count in range(2000):
            service._publish(active=count)
        seen = [await anext(told)]
        while seen[-1]["active"] != 1999:
            seen.append(await anext(told))
    assert len(seen) <= 3


async def test_a_watcher_that_never_reads_is_dropped(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "STUCK_S", 0.2)
    monkeypatch.setattr(control, "PAUSE_S", 0.0)
    with socket.socket() as idle:
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        host, port = service.run.control.removeprefix("http://").split("/")[0].split(":")
        await asyncio.to_thread(idle.connect, (host, int(port)))
        head = f"GET /control/watch HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {service.run.secret}\r\n\r\n"
        subscribed = len(service._listeners)
        await asyncio.to_thread(idle.sendall, head.encode())
        await eventually(lambda: len(service._listeners) == subscribed + 1)
        count = 0
        while len(service._listeners) > subscribed:
            count += 1
            service._publish(reason=f"{count} " + "x" * 65536)
            await asyncio.sleep(0)
            assert count < 100_000, "it is still told"
        service._publish(reason="")


async def test_not_everybody_can_watch(service: Service, http: aiohttp.ClientSession) -> None:
    watching = [await http.get(service.run.control + "/watch", headers=key(service)) for _ in range(MOST_WATCHERS)]
    try:
        async with http.get(service.run.control + "/watch", headers=key(service)) as response:
            assert response.status == 429
        assert (await called(service, "GET", "/status"))[0] == 200
        watching.pop().close()
        await eventually(lambda: len(service._listeners) == MOST_WATCHERS - 1)
        async with http.get(service.run.control + "/watch", headers=key(service)) as response:
            assert response.status == 200
    finally:
        for response in watching:
            response.close()


async def test_who_watches_does_not_hold_up_the_end(service: Service, http: aiohttp.ClientSession) -> None:
    async with http.get(service.run.control + "/watch", headers=key(service)) as response:
        await response.content.readuntil(b"\n\n")
        loop = asyncio.get_running_loop()
        before = loop.time()
        await service.stop()
        assert loop.time() - before < 0.9
