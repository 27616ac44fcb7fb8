"""A service in another process: found, followed, told what to do; and never believed to be there when it is not."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from copilot_api import remote
from copilot_api.errors import CopilotApiError, NotServing, StartFailed
from copilot_api.remote import Remote, find, missing, moment, named, told_of_sign_in
from copilot_api.sandbox import Sandbox
from copilot_api.server import control
from copilot_api.server.control import MOST_WATCHERS, Handle
from copilot_api.server.listening import bind
from copilot_api.server.run_file import Run, RunFile
from copilot_api.server.status import Status
from tests.builders.program import Program
from tests.builders.raw import Wire
from tests.builders.waiting import eventually
from tests.conftest import MakeService

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}
DEAD = Run(pid=os.getpid(), port=1, url="http://127.0.0.1:1", control="http://127.0.0.1:1/control", secret="secret")


@asynccontextmanager
async def followed(remote: Remote) -> AsyncIterator[list[Status]]:
    """What its listeners are told meanwhile."""
    told: list[Status] = []
    end = remote.subscribe(told.append)
    task = asyncio.gather(remote.follow())
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        end()


async def only(folder: Path) -> Remote:
    [found] = await find([folder])
    return found


async def test_a_service_is_found_and_says_how_it_is(make_service: MakeService, tmp_path: Path) -> None:
    assert await find([tmp_path]) == []
    service = await make_service(run_folder=tmp_path)
    found = await only(tmp_path)
    assert found.status == service.status
    assert found.url == service.url
    assert await find([tmp_path], port=service.run.port + 1) == []
    [same] = await find([tmp_path / "absent", tmp_path, tmp_path], port=service.run.port)
    assert same.run == service.run


async def test_both_are_held_alike(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service(run_folder=tmp_path)
    handles: list[Handle] = [service, await only(tmp_path)]
    for handle in handles:
        assert handle.status.login == "sandbox-dev"
        assert not await handle.approve("7", "once")
        assert not await handle.ask_again("curl")
        await handle.look_again()
    async with asyncio.timeout(5):
        await asyncio.gather(handles[1].stop(), handles[0].follow(), handles[1].follow())
    assert {handle.status.phase for handle in handles} == {"stopped"}


async def test_changes_are_followed_to_the_end(make_service: MakeService, tmp_path: Path, http: aiohttp.ClientSession) -> None:
    service = await make_service(run_folder=tmp_path)
    found = await only(tmp_path)
    async with followed(found) as told:
        async with http.post(service.url + "/v1/chat/completions", json=CHAT) as response:
            assert response.status == 200
        await eventually(lambda: found.status == service.status and found.status.today.requests == 1)
        await service.stop()
        await eventually(lambda: found.status.phase == "stopped")
    assert (told[-1].url, told[-1].active) == ("", 0)
    async with asyncio.timeout(1):
        await found.follow()


async def test_all_servers_are_told_of_a_sign_in(make_service: MakeService, tmp_path: Path) -> None:
    for _ in range(2):
        await make_service(run_folder=tmp_path)
    await asyncio.to_thread(RunFile(tmp_path, DEAD).write)
    told = await told_of_sign_in([tmp_path])
    assert [server.run.port for server in told] == [server.run.port for server in await find([tmp_path])]
    assert len(told) == 2


async def test_a_request_is_decided_on_from_another_process(
    make_service: MakeService, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    service = await make_service(run_folder=tmp_path, manual=True, is_attended=True)
    found = await only(tmp_path)
    async with followed(found):
        asking = asyncio.gather(http.post(service.url + "/v1/chat/completions", json=CHAT, headers={"User-Agent": "codex/1"}))
        await eventually(lambda: bool(found.status.waiting))
        assert await found.approve(found.status.waiting[0].id, "always")
        assert (await asking)[0].status == 200
        await eventually(lambda: found.status.approved == ("codex",))
        assert await found.ask_again("codex")


async def test_what_is_wrong_there_is_told_here(make_service: MakeService, tmp_path: Path) -> None:
    await make_service(run_folder=tmp_path)
    with pytest.raises(CopilotApiError, match="decision must be one of") as caught:
        await (await only(tmp_path)).approve("7", "perhaps")  # type: ignore[arg-type] # that it is none is what is told
    assert caught.value.status == 400


async def test_a_stop_waits_for_open_requests_and_can_be_hurried(
    make_service: MakeService, sandbox: Sandbox, tmp_path: Path
) -> None:
    service = await make_service(run_folder=tmp_path, drain_s=60)
    sandbox.script.fault("stall_mid")
    async with Wire(service.url) as wire:
        await wire.post("/v1/chat/completions", json.dumps(CHAT | {"stream": True}).encode())
        await wire.until(b"data: ")
        found = await only(tmp_path)
        stopping = asyncio.gather(found.stop())
        await eventually(lambda: found.status.phase == "stopping")
        await asyncio.sleep(0.2)
        assert not stopping.done()
        async with asyncio.timeout(5):
            await (await only(tmp_path)).hurry()
            await stopping
        assert b"shutting down" in await wire.rest()


async def test_a_foreign_secret_finds_nothing(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service()
    stranger = Remote(replace(service.run, secret="of an earlier run"))
    for act in (stranger.ask, stranger.stop, stranger.look_again):
        with pytest.raises(NotServing):
            await act()
    await asyncio.to_thread(RunFile(tmp_path, stranger.run).write)
    assert await find([tmp_path]) == []
    assert service.status.phase == "serving"


async def test_what_nobody_serves_does_not_answer_and_is_over() -> None:
    gone = Remote(DEAD)
    with pytest.raises(NotServing, match="does not answer"):
        await gone.ask()
    async with asyncio.timeout(5):
        await gone.follow()
        await gone.stop()
    assert gone.status.phase == "stopped"


async def test_another_program_on_its_address_is_not_taken_for_it(tmp_path: Path) -> None:
    """After a crash the port may be anybody's."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome!</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        stale = replace(DEAD, control=f"http://127.0.0.1:{runner.addresses[0][1]}/control")
        await asyncio.to_thread(RunFile(tmp_path, stale).write)
        assert await find([tmp_path]) == []
        with pytest.raises(NotServing):
            await Remote(stale).approve("1", "once")
    finally:
        await runner.cleanup()


async def test_where_too_many_watch_it_is_tried_again(
    make_service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, http: aiohttp.ClientSession
) -> None:
    monkeypatch.setattr(remote, "AGAIN_S", 0.05)
    service = await make_service(run_folder=tmp_path)
    headers = {"Authorization": f"Bearer {service.run.secret}"}
    watching = [await http.get(service.run.control + "/watch", headers=headers) for _ in range(MOST_WATCHERS)]
    found = await only(tmp_path)
    async with followed(found):
        await asyncio.sleep(0.1)
        for response in watching:
            response.close()
        await eventually(lambda: len(service._listeners) == 1)
        await service.ask_again("nobody")
        service._publish(reason="told after all")
        await eventually(lambda: found.status.reason == "told after all")


async def test_silence_is_noticed(make_service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that hangs, as after a night's sleep, is opened anew."""
    monkeypatch.setattr(remote, "SILENT_S", 0.1)
    monkeypatch.setattr(remote, "AGAIN_S", 0.01)
    monkeypatch.setattr(control, "HEARTBEAT_S", 60.0)
    service = await make_service(run_folder=tmp_path)
    found = await only(tmp_path)
    async with followed(found):
        await asyncio.sleep(0.3)
        service._publish(reason="after the silence")
        await eventually(lambda: found.status.reason == "after the silence")


async def test_a_status_that_cannot_be_understood_is_none(
    make_service: MakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A much newer server, or none of ours."""
    await make_service(run_folder=tmp_path)
    found = await only(tmp_path)
    monkeypatch.setattr(control, "told", lambda _: {"phase": "dancing"})
    with pytest.raises(NotServing):
        await found.ask()


# A port in use


async def in_use(port: int, *folders: Path) -> StartFailed:
    with pytest.raises(StartFailed) as caught:
        await bind("127.0.0.1", port)
    return await named(caught.value, folders, port=port)


async def test_a_port_that_one_of_ours_has_is_told_with_process_and_time(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service(run_folder=tmp_path)
    port = service.run.port
    problem = await in_use(port, tmp_path)
    assert problem.message == (
        f"port {port} is in use by copilot-api (process {os.getpid()}, since {moment(service.status.since)})"
    )
    assert problem.hint == f"run copilot-api stop --port {port}, or pass --port {port + 1}"


async def test_a_port_that_another_program_has_is_told_as_far_as_it_is_known(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        problem = await in_use(port, tmp_path)
    assert problem.message.startswith(f"port {port} is in use" + (" by " if sys.platform == "linux" else ""))
    assert f"--port {port + 1}" in problem.hint


async def test_other_problems_stay_as_they_are(tmp_path: Path) -> None:
    problem = StartFailed("no such host")
    assert await named(problem, [tmp_path], port=1) is problem


def test_a_moment_of_another_day_has_a_date() -> None:
    assert moment(1_000_000_000).startswith("2001-09-")
    assert len(moment(time.time())) == 5


# Real processes

if sys.platform != "win32":

    async def test_a_server_that_is_killed_is_over_and_the_next_one_takes_its_place(
        program: Program, sandbox: Sandbox, unused_tcp_port: int
    ) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        folder = program.home / "copilot-api"
        port = str(unused_tcp_port)
        async with program.serving("--port", port) as server:
            found = await only(folder)
            assert found.run.pid == server.process.pid
            async with followed(found) as told:
                server.process.kill()
                await eventually(lambda: bool(told) and told[-1].phase == "stopped")
            await server.process.wait()
            assert [path.name for path in folder.iterdir()] == [f"{port}.json"]
            assert await find([folder]) == []
            assert (await missing([folder])).message == "no copilot-api is serving"
        async with program.serving("--port", port):
            again = await only(folder)
            assert again.run.secret != found.run.secret
            with pytest.raises(NotServing):
                await found.ask()
            await again.stop()
        assert list(folder.iterdir()) == []

    async def test_a_server_that_is_stopped_by_a_signal_takes_its_file_along(program: Program, sandbox: Sandbox) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        folder = program.home / "copilot-api"
        async with program.serving() as server:
            assert (await only(folder)).run.pid == server.process.pid
            server.process.terminate()
            assert (await server.ended()).code == 0
        assert list(folder.iterdir()) == []

    async def test_a_server_that_is_frozen_is_not_taken_for_a_dead_one(
        program: Program, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(remote, "WITHIN_S", 0.3)
        monkeypatch.setattr(remote, "SILENT_S", 0.3)
        monkeypatch.setattr(remote, "AGAIN_S", 0.05)
        program.uses(sandbox, grant=sandbox.grant)
        async with program.serving() as server:
            found = await only(program.home / "copilot-api")
            async with followed(found) as told:
                server.process.send_signal(signal.SIGSTOP)
                with pytest.raises(NotServing):
                    await found.ask()
                assert "does not answer" in (await missing([program.home / "copilot-api"])).message
                await asyncio.sleep(1)
                assert all(status.phase == "serving" for status in told)
                server.process.send_signal(signal.SIGCONT)
                await found.ask()
                await found.look_again()
