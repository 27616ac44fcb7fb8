"""A service manager is told how far we are, in its own words; without one nothing is said, and nothing fails."""

import socket
import sys
from pathlib import Path

import pytest

from copilot_api import ready
from copilot_api.sandbox import Sandbox
from tests.builders.program import Program

if sys.platform != "win32":

    @pytest.fixture
    def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
        """One that listens."""
        heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        heard.settimeout(20)
        heard.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        return heard

    def test_states_go_out_in_one_message(manager: socket.socket) -> None:
        with manager:
            ready.tell(ready.READY, "STATUS=serving at http://127.0.0.1:4141")
            assert manager.recv(1000) == b"READY=1\nSTATUS=serving at http://127.0.0.1:4141"

    @pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
    def test_an_address_without_a_file_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
            heard.bind("\0copilot-api-test-notify")
            monkeypatch.setenv("NOTIFY_SOCKET", "@copilot-api-test-notify")
            ready.tell(ready.STOPPING)
            assert heard.recv(1000) == b"STOPPING=1"

    def test_a_manager_that_has_gone_or_hears_nothing_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nowhere"))
        ready.tell(ready.READY)

    async def test_a_server_says_when_it_serves_and_when_it_stops(program: Program, sandbox: Sandbox, tmp_path: Path) -> None:
        program.uses(sandbox, grant=sandbox.grant)
        program.environ["NOTIFY_SOCKET"] = str(tmp_path / "told")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
            heard.bind(program.environ["NOTIFY_SOCKET"])
            heard.setblocking(False)
            process = await program.start("start", "--port", "0")
            assert process.stderr
            said = b""
            while b"models" not in said:
                said += await process.stderr.readline()
            url = said.decode().split(" at ")[1].split("\n")[0]
            assert await _heard(heard) == f"READY=1\nSTATUS=serving at {url}"
            process.terminate()
            await process.communicate()
            assert process.returncode == 0
            assert await _heard(heard) == "STOPPING=1"

    async def _heard(socket_: socket.socket) -> str:
        import asyncio

        async with asyncio.timeout(20):
            return (await asyncio.get_running_loop().sock_recv(socket_, 1000)).decode()


def test_without_a_manager_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    ready.tell(ready.READY)
