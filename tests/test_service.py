"""A service's whole life: it starts or says why not, tells how it is, and leaves nothing behind."""

import asyncio
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api import __version__
from copilot_api.dialects.events import Counted
from copilot_api.errors import (
    KeyringUnusable,
    NotSignedIn,
    StartFailed,
    SubscriptionMissing,
    UpstreamUnreachable,
)
from copilot_api.sandbox import Sandbox
from copilot_api.server.limits import Summary
from copilot_api.server.status import Phase, Status
from copilot_api.service import Service
from copilot_api.settings import Settings
from copilot_api.upstream import auth
from copilot_api.upstream.breaker import LASTING_S, TRIES
from copilot_api.upstream.clock import SystemClock
from copilot_api.upstream.grants import Grant
from tests.builders.detour import Detour
from tests.builders.raw import Wire
from tests.builders.serving import Serve, Serving
from tests.builders.tls import Authority, secured
from tests.builders.waiting import eventually
from tests.conftest import MakeService, SettingsFor

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]}
CLAUDE: dict[str, Any] = {"model": "claude-sonnet-4.6", "max_tokens": 50, "messages": [{"role": "user", "content": "Hei"}]}
PATH = "/v1/chat/completions"


def tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


@dataclass
class Vault:
    """Where the person's sign-in is, if there is one."""

    held: str = ""

    async def find(self, _: Settings) -> Grant:
        if not self.held:
            raise NotSignedIn("You are not signed in", hint="run copilot-api auth")
        return Grant(self.held)


async def refuses_connections(url: str) -> bool:
    try:
        async with Wire(url):
            return False
    except ConnectionRefusedError:
        return True


# Starting


async def test_a_service_goes_through_its_life_and_tells_of_each_step(settings_for: SettingsFor) -> None:
    service = Service(settings_for())
    seen: list[Status] = []
    end = service.subscribe(seen.append)
    new = service.status
    assert new == Status(version=__version__, pid=os.getpid())
    await service.start()
    assert seen[0] == replace(new, phase=Phase.STARTING)
    serving = service.status
    assert (serving.phase, serving.signed, serving.login, serving.active) == (Phase.SERVING, "in", "sandbox-dev", 0)
    assert serving.models == len(service.catalog.known)
    assert serving.url == service.url
    await service.stop()
    assert seen[-1] == service.status
    assert (service.status.phase, service.status.url) == (Phase.STOPPED, "")
    assert [status.phase for status in seen] == sorted((status.phase for status in seen), key=list(Phase).index)
    end()
    await service.stop()


async def test_open_requests_are_part_of_the_status(service: Service, sandbox: Sandbox) -> None:
    active: list[int] = []
    service.subscribe(lambda status: active.append(status.active))
    sandbox.script.fault("stall_mid")
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"\r\n\r\n")
        assert service.status.active == 1
    await eventually(lambda: service.status.active == 0)
    assert [count for count, _ in groupby(active)] == [1, 0]


async def test_localhost_leads_here_by_either_number(server: Serving, http: aiohttp.ClientSession) -> None:
    port = server.url.rpartition(":")[2]
    assert server.url == f"http://127.0.0.1:{port}"
    for host in ("127.0.0.1", "[::1]", "localhost"):
        async with http.get(f"http://{host}:{port}/") as response:
            assert response.status == 200


async def test_the_sandbox_is_a_setting(http: aiohttp.ClientSession) -> None:
    """No account, no network, no keyring."""

    async def never(_: Settings) -> Grant:
        raise AssertionError

    service = Service(Settings(port=0, sandbox=True, enterprise_url="company.ghe.com"), grant=never)
    await service.start()
    try:
        assert service.status.login == "sandbox-dev"
        async with http.post(service.url + PATH, json=CHAT) as response:
            assert "sandbox" in await response.text()
        upstream_port = int(service.settings.copilot_url.rpartition(":")[2])
    finally:
        await service.stop()
    assert await refuses_connections(f"http://127.0.0.1:{upstream_port}")


async def test_a_port_in_use_is_told_before_anything_slow_happens(settings_for: SettingsFor, sandbox: Sandbox) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        service = Service(settings_for(port=port))
        with pytest.raises(StartFailed, match=f"port {port} is in use") as caught:
            await service.start()
    assert f"--port {port + 1}" in caught.value.hint
    assert not sandbox.seen
    assert service.status.phase is Phase.STOPPED


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "box.lan"])  # noqa: S104 - what is refused
async def test_an_open_door_without_a_key_is_refused(settings_for: SettingsFor, sandbox: Sandbox, host: str) -> None:
    """compat.md §2.1: the original listened on all interfaces, for everybody."""
    with pytest.raises(StartFailed, match="no API key") as caught:
        await Service(settings_for(host=host)).start()
    assert "copilot-api keys add" in caught.value.hint
    assert not sandbox.seen


async def test_an_open_door_with_a_key_is_served(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(host="0.0.0.0", api_keys=("local-key",))  # noqa: S104 - what is tested
    assert server.url.startswith("http://127.0.0.1:")
    async with http.get(server.url + "/v1/models", headers={"x-api-key": "local-key"}) as response:
        assert response.status == 200
    async with http.get(server.url + "/v1/models") as response:
        assert response.status == 401


@pytest.mark.parametrize(("host", "shown"), [("::1", "[::1]"), ("127.0.0.2", "127.0.0.2")])
async def test_the_url_leads_to_the_address_that_was_asked_for(serve: Serve, host: str, shown: str) -> None:
    server = await serve(host=host)
    assert server.url.startswith(f"http://{shown}:")


async def test_manual_approval_needs_somebody_to_ask(settings_for: SettingsFor) -> None:
    """compat.md §2.6: without a terminal the original could not work."""
    with pytest.raises(StartFailed, match="needs a terminal"):
        await Service(settings_for(manual=True)).start()


async def test_what_does_not_serve_has_nothing_to_stop(settings_for: SettingsFor) -> None:
    service = Service(settings_for())
    for act in (service.stop, service.hurry, service.look_again):
        await act()
    await service.start()
    assert service.status.phase == "serving"
    await service.stop()
    await service.hurry()
    assert service.status.phase == "stopped"


async def test_a_stop_that_comes_while_it_starts_is_not_forgotten(settings_for: SettingsFor, sandbox: Sandbox) -> None:
    sandbox.script.fault("delay", path="/models", seconds=0.2)
    service = Service(settings_for())
    starting = asyncio.gather(service.start())
    await eventually(lambda: service.status.phase is Phase.STARTING and bool(sandbox.seen))
    async with asyncio.timeout(5):
        await service.stop()
    assert service.status.phase is Phase.STOPPED
    await starting


async def test_who_gives_up_waiting_for_the_end_does_not_stop_it(settings_for: SettingsFor, sandbox: Sandbox) -> None:
    service = Service(settings_for(drain_s=0.3))
    await service.start()
    sandbox.script.fault("stall_mid")
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"data: ")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await service.stop()
        async with asyncio.timeout(5):
            await service.follow()
    assert service.status.phase is Phase.STOPPED


async def test_a_service_starts_once(service: Service) -> None:
    with pytest.raises(StartFailed, match="started before"):
        await service.start()


async def test_without_a_sign_in_nothing_starts(settings_for: SettingsFor) -> None:
    async def nobody(_: Settings) -> Grant:
        raise NotSignedIn("You are not signed in", hint="run copilot-api auth")

    service = Service(settings_for(), grant=nobody)
    before = tasks()
    with pytest.raises(NotSignedIn):
        await service.start()
    assert service.status.phase is Phase.STOPPED
    assert service.status.signed == "out"
    assert tasks() == before


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda sandbox: sandbox.revoke(), NotSignedIn),
        (lambda sandbox: sandbox.script.exchange("refused", times=9), SubscriptionMissing),
        (lambda sandbox: sandbox.script.fault("reset", path="/models", times=9), UpstreamUnreachable),
    ],
)
async def test_what_keeps_it_from_serving_ends_the_start_and_frees_the_port(
    settings_for: SettingsFor, sandbox: Sandbox, unused_tcp_port: int, spoil: Callable[[Sandbox], None], error: type[Exception]
) -> None:
    spoil(sandbox)
    service = Service(settings_for(port=unused_tcp_port))
    with pytest.raises(error):
        await service.start()
    assert await refuses_connections(f"http://127.0.0.1:{unused_tcp_port}")


async def test_a_start_may_be_given_up(settings_for: SettingsFor, sandbox: Sandbox, unused_tcp_port: int) -> None:
    sandbox.script.fault("stall", path="/models")
    service = Service(settings_for(port=unused_tcp_port))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await service.start()
    assert service.status.phase is Phase.STOPPED
    assert await refuses_connections(f"http://127.0.0.1:{unused_tcp_port}")


async def test_a_keyring_that_cannot_be_used_is_told(settings_for: SettingsFor) -> None:
    async def locked(_: Settings) -> Grant:
        raise KeyringUnusable("The keyring is locked")

    with pytest.raises(KeyringUnusable):
        await Service(settings_for(), grant=locked).start()


async def test_an_account_without_a_name_is_served_all_the_same(make_service: MakeService, sandbox: Sandbox) -> None:
    sandbox.script.fault("status", path="/user", status=500)
    service = await make_service()
    assert (service.status.phase, service.status.login) == (Phase.SERVING, "")


# Starting although


async def test_a_patient_service_serves_before_anybody_has_signed_in(
    make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    vault = Vault()
    service = await make_service(is_patient=True, grant=vault.find)
    assert (service.status.phase, service.status.signed, service.status.models) == (Phase.SERVING, "out", 0)
    assert service.status.address == service.url.removeprefix("http://")
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (401, "not_signed_in")
    async with http.post(service.url + "/v1/messages", json=CLAUDE) as response:
        assert (response.status, (await response.json())["error"]["type"]) == (401, "authentication_error")
    async with http.get(service.url + "/health") as response:
        assert (await response.json())["signed"] == "out"
    vault.held = sandbox.grant
    await service.look_again()
    await eventually(lambda: service.status.login == "sandbox-dev" and service.status.balance is not None)
    assert (service.status.signed, service.status.reason) == ("in", "")
    assert service.status.models == len(service.catalog.known)
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200


async def test_who_signs_out_is_out_at_once(make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    vault = Vault(sandbox.grant)
    service = await make_service(grant=vault.find)
    assert service.status.signed == "in"
    vault.held = ""
    await service.look_again()
    assert service.status.signed == "out"
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 401
    await eventually(lambda: not service.status.login and service.status.balance is None and not service.status.models)


async def test_a_request_that_comes_after_a_sign_in_elsewhere_makes_it_whole(
    make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "SIGNED_OUT_S", 0.0)
    vault = Vault()
    service = await make_service(is_patient=True, grant=vault.find)
    await eventually(lambda: service.auth.problem is not None)
    vault.held = sandbox.grant
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200
    await eventually(lambda: service.status.login == "sandbox-dev" and service.status.balance is not None)


async def test_a_patient_service_waits_for_the_network(
    make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    sandbox.script.fault("reset", path="/copilot_internal/v2/token", times=2)
    service = await make_service(is_patient=True)
    seen: list[Status] = []
    service.subscribe(seen.append)
    await eventually(lambda: service.status.signed == "in" and service.status.models > 0)
    assert any("GitHub could not be reached" in status.reason for status in seen if status.is_github_down)
    assert (service.status.is_github_down, service.status.reason) == (False, "")
    assert {status.signed for status in seen if status.is_github_down} == {"failing"}
    assert all(status.is_github_down for status in seen if status.signed == "failing")
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200


async def test_a_model_list_that_cannot_be_had_is_the_reason_told(make_service: MakeService, sandbox: Sandbox) -> None:
    sandbox.script.fault("overloaded", path="/models", times=9)
    service = await make_service(is_patient=True)
    await eventually(lambda: bool(service.status.reason))
    assert (service.status.signed, service.status.is_github_down) == ("in", True)


async def test_a_patient_service_still_needs_its_port_and_a_safe_address(settings_for: SettingsFor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(StartFailed, match="in use"):
        await Service(settings_for(port=other.getsockname()[1])).start(is_patient=True)
    with pytest.raises(StartFailed, match="no API key"):
        await Service(settings_for(host="0.0.0.0")).start(is_patient=True)  # noqa: S104 - what is refused


async def test_a_locked_keyring_is_the_reason_told(make_service: MakeService) -> None:
    async def locked(_: Settings) -> Grant:
        raise KeyringUnusable("The keyring is locked", hint="unlock it")

    service = await make_service(is_patient=True, grant=locked)
    await eventually(lambda: service.status.reason == "The keyring is locked (unlock it)")
    assert (service.status.phase, service.status.signed) == (Phase.SERVING, "out")
    with pytest.raises(KeyringUnusable):
        await service.look_again()


async def test_manual_approval_may_be_given_elsewhere(make_service: MakeService) -> None:
    service = await make_service(manual=True, is_attended=True)
    assert service.status.is_manual


async def test_the_networks_proxy_is_used_where_that_is_asked_for(
    settings_for: SettingsFor, sandbox: Sandbox, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    """compat.md §2.1: under Bun the original ignored it in silence. More of it: tests/upstream/test_connector.py."""
    authority, detour = Authority(tmp_path), Detour()
    context = await asyncio.to_thread(authority.context, "copilot.test")
    async with secured(sandbox, context) as front, detour.running("http") as proxy:
        urls = front.urls("copilot.test")
        with pytest.raises(UpstreamUnreachable, match="could not be looked up"):
            await Service(settings_for(ca_file=str(authority.root), **urls)).start()
        service = Service(settings_for(ca_file=str(authority.root), proxy=proxy, **urls))
        await service.start()
        async with http.post(service.url + PATH, json=CHAT) as response:
            assert response.status == 200
        await service.stop()
    assert {target.partition(":")[0] for target in detour.asked} == {"copilot.test"}


# Running


async def test_what_is_known_of_the_start_is_part_of_the_status(
    make_service: MakeService, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = time.time()
    service = await make_service(account_type="business")
    status = service.status
    assert (status.account_type, status.is_token_given, status.is_sandbox, status.is_manual) == ("business", True, False, False)
    assert before <= status.since <= time.time()
    assert status.balance is not None
    assert (status.balance.unit, status.balance.entitlement) == ("AI credits", 7000)


async def test_the_balance_moves_with_each_answer(service: Service, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    sandbox.script.answer("Hei", usage=Counted(prompt=10, output=10, nano_aiu=100_000_000_000))
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200
    assert service.status.balance is not None
    assert service.status.balance.remaining <= 6021


async def test_requests_that_reach_nobody_tell_that_github_is_down(
    make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    service = await make_service()
    sandbox.script.fault("reset", times=4)
    sandbox.script.fault("reset", path="/models", times=4)
    for _ in range(2):
        async with http.post(service.url + PATH, json=CHAT) as response:
            assert response.status == 502
    assert service.status.is_github_down
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200
    assert not service.status.is_github_down


async def test_a_slow_model_is_no_outage(make_service: MakeService, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    service = await make_service(idle_timeout_s=1.0)
    sandbox.script.fault("stall")
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 504
    assert not service.status.is_github_down


async def test_a_token_that_ends_is_replaced_while_serving(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """compat.md §2.3: in the original the first requests after a sleep failed with 401."""
    sandbox.expire_tokens()
    async with http.post(server.url + PATH, json=CHAT) as response:
        assert response.status == 200


async def test_the_background_work_is_named_and_ends_with_the_service(settings_for: SettingsFor) -> None:
    before = tasks()
    service = Service(settings_for())
    await service.start()
    assert {"copilot-token", "model-list", "reachability"} <= tasks()
    await service.stop()
    assert not {"copilot-token", "model-list", "reachability"} & tasks()
    await eventually(lambda: tasks() == before)  # the sandbox notices that the connections are closed


# Sleep, and other networks


class Lid(SystemClock):
    """The system's clock, on a machine whose lid a test shuts."""

    def __init__(self) -> None:
        self._slept_s = 0.0

    def wall(self) -> float:
        return super().wall() + self._slept_s

    def shut(self, seconds: float) -> None:
        """For that long."""
        self._slept_s += seconds


async def test_the_first_request_after_sleep_finds_a_new_token(
    make_service: MakeService, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """users.md #8: 401 after wake, and a restart fixes it."""
    lid = Lid()
    service = await make_service(clock=lid)
    sandbox.expire_tokens()
    sandbox.seen.clear()
    lid.shut(7200)
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200
    paths = [seen.path for seen in sandbox.seen]
    assert (paths.count("/copilot_internal/v2/token"), paths.count("/chat/completions")) == (1, 1)


async def test_a_token_is_renewed_on_waking_before_anybody_needs_it(make_service: MakeService, sandbox: Sandbox) -> None:
    lid = Lid()
    service = await make_service(clock=lid)
    sandbox.seen.clear()
    lid.shut(7200)
    service._connections.watch.tell("the machine woke up")
    await eventually(lambda: "/copilot_internal/v2/token" in [seen.path for seen in sandbox.seen])


async def test_a_token_is_renewed_as_soon_as_there_is_a_network(make_service: MakeService, sandbox: Sandbox) -> None:
    """Not when the background tries again, which may be a minute later."""
    lid = Lid()
    service = await make_service(clock=lid)
    sandbox.script.fault("reset", path="/copilot_internal/v2/token", times=99)
    lid.shut(7200)
    watch = service._connections.watch
    watch.tell("the machine woke up")
    await eventually(lambda: service.status.signed == "failing")
    sandbox.script.clear()
    watch.tell("the network is another one")
    await eventually(lambda: service.status.signed == "in")


async def test_a_fault_of_ours_after_a_change_is_logged_and_the_next_change_is_seen(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = await make_service()
    seen: list[str] = []

    async def fail() -> None:
        seen.append("once more")
        raise ZeroDivisionError

    monkeypatch.setattr(service.auth, "catch_up", fail)
    for times in (1, 2):
        service._connections.watch.tell("the machine woke up")
        await eventually(lambda times=times: len(seen) == times)  # type: ignore[misc] # mypy knows no default of a lambda's
    assert "ZeroDivisionError" in caplog.text


# Pages that the network puts in place of answers

PAGE = {"status": 200, "headers": {"content-type": "text/html"}, "body": b"<title>Grand Hotel</title> Room number?"}
SENT_AWAY = {"status": 302, "headers": {"location": "https://login.hotel.example/"}}


@pytest.mark.parametrize(("page", "name"), [(PAGE, "Grand Hotel"), (SENT_AWAY, "login.hotel.example")])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), [(PATH, CHAT), ("/v1/messages", CLAUDE)])
async def test_a_page_of_the_network_is_never_an_answer(
    server: Serving,
    http: aiohttp.ClientSession,
    sandbox: Sandbox,
    page: dict[str, Any],
    name: str,
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    sandbox.script.fault("status", **page)
    async with http.post(server.url + path, json=body | {"stream": stream}) as response:
        answer = await response.text()
    assert response.status == 502
    assert json.loads(answer)["error"]["message"].startswith(
        f"A sign-in page of the network, '{name}', answered in place of Copilot (open a browser, sign in"
    )
    async with http.post(server.url + path, json=body) as response:
        assert response.status == 200


@pytest.mark.parametrize("page", [PAGE, SENT_AWAY])
async def test_a_page_of_the_network_is_never_a_token(
    settings_for: SettingsFor, sandbox: Sandbox, page: dict[str, Any]
) -> None:
    sandbox.script.fault("status", path="/copilot_internal/v2/token", times=9, **page)
    service = Service(settings_for())
    with pytest.raises(UpstreamUnreachable, match="answered in place of GitHub"):
        await service.start()
    assert service.status.signed == "failing"
    assert not [seen for seen in sandbox.seen if seen.plane == "copilot"]


# Stopping


async def test_an_idle_service_stops_at_once_and_leaves_nothing(settings_for: SettingsFor, http: aiohttp.ClientSession) -> None:
    service = Service(settings_for(drain_s=30))
    await service.start()
    url = service.url
    async with http.get(url + "/health") as response:  # leaves an idle connection behind
        assert response.status == 200
    started = time.monotonic()
    await service.stop()
    assert time.monotonic() - started < 1
    assert await refuses_connections(url)
    assert await refuses_connections(url.replace("127.0.0.1", "[::1]"))


async def test_open_streams_finish_before_the_service_stops(settings_for: SettingsFor, sandbox: Sandbox) -> None:
    service = Service(settings_for(drain_s=30))
    await service.start()
    sandbox.script.fault("delay", seconds=0.3)
    sandbox.script.answer("All of it.")
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT | {"stream": True}).encode())
        await eventually(lambda: service.status.active == 1)
        stopping = asyncio.get_running_loop().create_task(service.stop())
        await eventually(lambda: service.status.phase is Phase.STOPPING)
        assert await refuses_connections(service.url)
        stream = await wire.rest()
        await stopping
    assert b"data: [DONE]" in stream


@pytest.mark.parametrize(("path", "body"), [(PATH, CHAT), ("/v1/messages", CLAUDE)])
async def test_streams_that_take_too_long_are_told_why_they_end(
    settings_for: SettingsFor, sandbox: Sandbox, path: str, body: dict[str, Any]
) -> None:
    service = Service(settings_for(drain_s=0.1))
    await service.start()
    sandbox.script.fault("stall_mid", after=4)
    async with Wire(service.url) as wire:
        await wire.post(path, json.dumps(body | {"stream": True}).encode())
        await wire.until(b"data: ")
        await service.stop()
        stream = await wire.rest()
    assert b"copilot-api is shutting down" in stream
    assert b"[DONE]" not in stream
    assert b"message_stop" not in stream
    await eventually(lambda: sandbox.seen[-1].outcome == "client left")


@pytest.mark.parametrize(("path", "body", "status"), [(PATH, CHAT, b"503"), ("/v1/messages", CLAUDE, b"529")])
async def test_requests_without_an_answer_yet_get_a_real_one(
    settings_for: SettingsFor, sandbox: Sandbox, path: str, body: dict[str, Any], status: bytes
) -> None:
    service = Service(settings_for(drain_s=0.1))
    await service.start()
    sandbox.script.fault("stall")
    async with Wire(service.url) as wire:
        await wire.post(path, json.dumps(body).encode())
        await eventually(lambda: service.status.active == 1)
        await service.stop()
        answer = await wire.rest()
    assert answer.split()[1] == status
    assert b"shutting down" in answer


async def test_a_stop_can_be_hurried(settings_for: SettingsFor, sandbox: Sandbox) -> None:
    service = Service(settings_for(drain_s=60))
    await service.start()
    sandbox.script.fault("stall_mid", after=4)
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"data: ")
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(service.stop())
            await eventually(lambda: service.status.phase is Phase.STOPPING)
            await asyncio.sleep(0.1)
            assert service.status.phase is Phase.STOPPING
            group.create_task(service.hurry())
        assert time.monotonic() - started < 5
        assert b"shutting down" in await wire.rest()
    assert service.url == ""


async def test_a_client_that_reads_nothing_does_not_keep_the_service_from_stopping(
    settings_for: SettingsFor, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    frame = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 65536 + b'"}}]}\n\n'
    sandbox.script.raw(*([frame] * 400))
    service = Service(settings_for(drain_s=0.1))
    await service.start()
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        async with asyncio.timeout(10):
            await service.stop()
    assert service.status.active == 0
    assert "fault of our own" not in caplog.text


async def test_a_question_at_the_terminal_does_not_keep_the_service_from_stopping(settings_for: SettingsFor) -> None:
    class Asleep:
        async def approve(self, _summary: Summary) -> bool:
            await asyncio.Event().wait()
            return True

    service = Service(settings_for(manual=True, drain_s=0.1), approver=Asleep())
    await service.start()
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT).encode())
        await eventually(lambda: service.status.active == 1)
        await service.stop()
        assert b"503" in await wire.rest()


async def test_a_connection_kept_alive_is_closed_after_its_answer(settings_for: SettingsFor, sandbox: Sandbox) -> None:
    service = Service(settings_for(drain_s=30))
    await service.start()
    sandbox.script.fault("delay", seconds=0.2)
    async with Wire(service.url) as wire:
        await wire.post(PATH, json.dumps(CHAT).encode())
        await eventually(lambda: service.status.active == 1)
        stopping = asyncio.get_running_loop().create_task(service.stop())
        answer = await wire.rest()
        await stopping
    assert answer.startswith(b"HTTP/1.1 200")


async def test_copilot_is_offered_the_same_compressions_by_every_python(server: Serving, sandbox: Sandbox) -> None:
    assert {seen.headers["Accept-Encoding"] for seen in sandbox.seen} == {"gzip, deflate"}


async def test_an_outage_is_known_and_another_network_ends_it(service: Service) -> None:
    known = [False]
    for breaker in service.breakers:
        attempts = [breaker.admit() for _ in range(TRIES)]
        for attempt in attempts:
            attempt.began._monotonic -= LASTING_S
            attempt.missed(UpstreamUnreachable("nobody could be reached"))
        known.append(breaker.is_open)
        service.network_changed()
        known.append(breaker.is_open)
    assert known == [False, True, False, True, False]
