"""The door for other programs: open from the start to the very end, and found where it was said to be."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.errors import NotSignedIn, StartFailed
from copilot_api.sandbox import Sandbox
from copilot_api.server.run_file import runs
from copilot_api.service import Service
from copilot_api.settings import Settings
from copilot_api.upstream.grants import Grant
from tests.builders.waiting import eventually
from tests.conftest import MakeService, SettingsFor


async def listed(folder: Path) -> list[int]:
    return await asyncio.to_thread(lambda: [run.port for run in runs([folder])])


async def test_a_service_can_be_found_while_it_serves(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service(run_folder=tmp_path / "run")
    assert await listed(tmp_path / "run") == [int(service.url.rpartition(":")[2])]
    [run] = await asyncio.to_thread(lambda: list(runs([tmp_path / "run"])))
    assert run == service.run
    assert (run.pid, run.version, run.form) == (service.status.pid, service.status.version, "source")
    await service.stop()
    assert await listed(tmp_path / "run") == []


async def test_a_service_can_be_found_while_it_starts(settings_for: SettingsFor, sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.script.fault("delay", path="/models", seconds=0.5)
    service = Service(settings_for(), run_folder=tmp_path)
    starting = asyncio.gather(service.start())
    await eventually(lambda: any(seen.path == "/models" for seen in sandbox.seen))
    headers = {"Authorization": f"Bearer {service.run.secret}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.get(service.run.control + "/status") as response:
            assert (await response.json())["phase"] == "starting"
        async with http.post(service.run.control + "/stop") as response:
            assert (await response.json())["phase"] == "starting"
    async with asyncio.timeout(5):
        await starting
        await service.follow()
    assert service.status.phase == "stopped"
    assert await listed(tmp_path) == []


async def test_a_start_that_fails_leaves_no_trace(settings_for: SettingsFor, tmp_path: Path) -> None:
    async def nobody(_: Settings) -> Grant:
        raise NotSignedIn("You are not signed in")

    service = Service(settings_for(), grant=nobody, run_folder=tmp_path)
    with pytest.raises(NotSignedIn):
        await service.start()
    assert await listed(tmp_path) == []
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.get(service.run.control + "/status")


async def test_a_service_that_cannot_say_where_it_is_serves_all_the_same(
    make_service: MakeService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder", "utf-8")
    caplog.set_level("INFO", "copilot_api")
    service = await make_service(run_folder=tmp_path / "file" / "run")
    assert service.status.phase == "serving"
    assert "will not find this server" in caplog.text


async def test_a_file_that_went_away_does_no_harm(make_service: MakeService, tmp_path: Path) -> None:
    service = await make_service(run_folder=tmp_path / "run")
    for path in (tmp_path / "run").iterdir():
        path.unlink()
    (tmp_path / "run").rmdir()
    await service.stop()
    assert service.status.phase == "stopped"


async def test_a_machine_without_ipv4_has_its_door_too(make_service: MakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def six_only(address: tuple[str, int], **options: Any) -> socket.socket:
        if address[0] == "127.0.0.1":
            raise OSError(99, "Cannot assign requested address")
        return create(address, **options)

    monkeypatch.setattr(socket, "create_server", six_only)
    service = await make_service()
    assert service.run.control.startswith("http://[::1]:")
    headers = {"Authorization": f"Bearer {service.run.secret}"}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(service.run.control + "/status") as response:
        assert response.status == 200


async def test_a_machine_without_loopback_is_no_place_to_serve(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> socket.socket:
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(socket, "create_server", none)
    with pytest.raises(StartFailed, match="no loopback address"):
        await Service(settings_for()).start()
