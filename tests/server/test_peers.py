"""Programs of another user of the machine are turned away: seen with real programs of real users."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from copilot_api.keys import KeyFile
from copilot_api.sandbox import Sandbox
from copilot_api.server.peers import NOBODY, Peers, own_user
from copilot_api.service import Service
from copilot_api.settings import Settings
from tests.conftest import MakeService, SettingsFor

OWN, OTHER = 41410, 41411
"""Users that no machine has."""

CHAT = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hei"}]})

if sys.platform == "linux":

    async def asked_by(user: int, url: str, *options: str, path: str = "/v1/chat/completions") -> tuple[int, str]:
        """Status and body that a program of that user gets."""
        who = ("setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups")
        curl = ("curl", "-sS", "--max-time", "20", "-w", "\n%{http_code}", "-H", "content-type: application/json", *options)
        process = await asyncio.create_subprocess_exec(
            *who, *curl, "-d", CHAT, url + path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        body, _, status = out.decode().rpartition("\n")
        assert status, err
        return int(status), body

    @pytest.fixture
    async def owned(as_root: None, settings_for: SettingsFor, tmp_path: Path) -> Service:
        """A server of the user OWN, as it would look at its peers."""
        return Service(settings_for(), kept=tmp_path / "kept", user=OWN)

    async def test_only_the_own_user_and_root_are_served(owned: Service, sandbox: Sandbox) -> None:
        await owned.start()
        try:
            asked = len(sandbox.seen)
            for path, where, said in (
                ("/v1/chat/completions", "code", "forbidden"),
                ("/v1/messages", "type", "permission_error"),
                ("/v1beta/models/gpt-4.1:generateContent", "status", "PERMISSION_DENIED"),
            ):
                status, body = await asked_by(OTHER, owned.url, path=path)
                assert status == 403
                assert "belongs to another user of this machine" in body
                assert "copilot-api keys add" in body
                assert json.loads(body)["error"][where] == said
            assert len(sandbox.seen) == asked
            assert (await asked_by(OWN, owned.url))[0] == 200
            assert (await asked_by(0, owned.url))[0] == 200
        finally:
            await owned.stop()

    async def test_no_way_to_write_the_address_hides_who_asks(owned: Service) -> None:
        await owned.start()
        port = owned.url.rpartition(":")[2]
        try:
            for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
                url = f"http://{host}:{port}"
                assert (await asked_by(OTHER, url, "-H", "Host: localhost"))[0] == 403, host
                assert (await asked_by(OWN, url, "-H", "Host: localhost"))[0] == 200, host
        finally:
            await owned.stop()

    async def test_signs_of_life_are_for_everyone(owned: Service) -> None:
        await owned.start()
        try:
            assert (await asked_by(OTHER, owned.url, "-X", "GET", path="/health"))[0] == 200
        finally:
            await owned.stop()

    async def test_who_shows_a_key_may_be_anybody(owned: Service, key_file: KeyFile) -> None:
        key = await asyncio.to_thread(key_file.add, "web-ui")
        await owned.start()
        try:
            assert (await asked_by(OTHER, owned.url, "-H", f"x-api-key: {key}"))[0] == 200
            assert (await asked_by(OWN, owned.url))[0] == 401
        finally:
            await owned.stop()

    async def test_it_can_be_switched_off(as_root: None, settings_for: SettingsFor, tmp_path: Path) -> None:
        service = Service(settings_for(same_user_only=False), kept=tmp_path / "kept", user=OWN)
        await service.start()
        try:
            assert (await asked_by(OTHER, service.url))[0] == 200
        finally:
            await service.stop()

    async def test_a_connection_is_looked_at_once(owned: Service, http: aiohttp.ClientSession) -> None:
        await owned.start()
        looked: list[int | None] = []
        inner = owned._peers.owner_of

        def watched(peer: object, own: object) -> int | None:
            looked.append(inner(peer, own))
            return looked[-1]

        owned._peers.owner_of = watched  # type: ignore[method-assign]
        try:
            for _ in range(3):
                async with http.get(owned.url + "/v1/models") as response:
                    assert response.status == 200
            async with http.ws_connect(owned.url + "/v1/responses") as socket_:
                assert not socket_.closed
        finally:
            await owned.stop()
        assert looked == [0]

    def pair(family: socket.AddressFamily, host: str, target: str) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection: the client's, and ours."""
        with socket.create_server((host, 0), family=socket.AF_INET if "." in host else socket.AF_INET6) as listening:
            client = socket.socket(family)
            client.connect((target, listening.getsockname()[1]))
            return client, listening.accept()[0]

    @pytest.mark.parametrize(
        ("family", "host", "target"),
        [
            (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
            (socket.AF_INET6, "::1", "::1"),
            (socket.AF_INET6, "127.0.0.1", "::ffff:127.0.0.1"),
        ],
        ids=["IPv4", "IPv6", "IPv4 through IPv6"],
    )
    def test_the_owner_of_a_connection_is_found(family: socket.AddressFamily, host: str, target: str) -> None:
        client, ours = pair(family, host, target)
        with client, ours:
            assert Peers(1).owner_of(ours.getpeername(), ours.getsockname()) == os.geteuid()

    def test_who_sends_and_hangs_up_at_once_is_not_taken_for_root() -> None:
        """The system counts a socket without a program as root's."""
        client, ours = pair(socket.AF_INET, "127.0.0.1", "127.0.0.1")
        with ours:
            peer, own = ours.getpeername(), ours.getsockname()
            client.sendall(b"POST / HTTP/1.1\r\n")
            client.close()
            assert Peers(1).owner_of(peer, own) == NOBODY

    async def test_nobody_is_turned_away_where_it_is_not_told(
        as_root: None, owned: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        owned._peers = Peers(OWN, tables=tmp_path)
        await owned.start()
        try:
            for _ in range(2):
                assert (await asked_by(OTHER, owned.url))[0] == 200
        finally:
            await owned.stop()
        assert caplog.text.count("does not tell whose program asks") == 1

    @pytest.mark.parametrize("peer", [None, "", ("here", 1), ("127.0.0.1",), ("127.0.0.1", 1)])
    def test_what_is_no_address_belongs_to_nobody_known(peer: object) -> None:
        assert Peers(1).owner_of(peer, ("127.0.0.1", 2)) is None


@pytest.mark.parametrize(
    ("own", "wanted", "checks"), [(1000, True, True), (1000, False, False), (0, True, False), (None, True, False)]
)
def test_a_server_of_roots_is_for_everyone(own: int | None, wanted: bool, checks: bool) -> None:
    """A container, or a service of the whole machine."""
    assert (Peers.of(own, wanted=wanted)._own is not None) is (checks and sys.platform == "linux")


def test_it_is_on_unless_it_is_switched_off() -> None:
    assert Settings().same_user_only
    assert own_user() == (os.geteuid() if hasattr(os, "geteuid") else None)


async def test_whoever_runs_the_tests_is_served(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service()
    async with http.get(service.url + "/v1/models") as response:
        assert response.status == 200
