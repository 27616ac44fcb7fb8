"""http and https on one port, and neither is a way around what holds for the other."""

import asyncio
import io
import json
import ssl
import warnings
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copilot_api.errors import HttpsUnusable
from copilot_api.https.authority import Authority
from copilot_api.sandbox import Sandbox
from copilot_api.service import Service
from tests.builders.raw import Wire
from tests.builders.waiting import eventually
from tests.conftest import MakeService, SettingsFor

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hei"}]}
PATH = "/v1/chat/completions"


@pytest.fixture
async def made(tmp_path: Path) -> Authority:
    """Certificates where the services of a test look for them."""
    authority = Authority.of(tmp_path / "kept")
    await asyncio.to_thread(authority.make)
    return authority


@pytest.fixture
async def secured(made: Authority, make_service: MakeService) -> Service:
    return await make_service(https=True)


def secure_url(service: Service, host: str = "localhost") -> str:
    return f"https://{host}:{service.url.rpartition(':')[2]}"


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.certificate))


async def shaken(service: Service, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(service.url.rpartition(":")[2])
    return await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
async def test_both_are_served_on_the_same_port_under_each_name(
    secured: Service, made: Authority, http: aiohttp.ClientSession, host: str
) -> None:
    port = secured.url.rpartition(":")[2]
    for scheme in ("https", "http", "https"):
        async with http.post(f"{scheme}://{host}:{port}{PATH}", json=CHAT, ssl=trusting(made)) as response:
            assert response.status == 200
            assert (await response.json())["object"] == "chat.completion"


async def test_streams_large_bodies_and_websockets_come_through(
    secured: Service, made: Authority, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    url, context = secure_url(secured), trusting(made)
    async with http.post(url + PATH, json=CHAT | {"stream": True}, ssl=context) as response:
        assert (await response.read()).endswith(b"data: [DONE]\n\n")
    large = io.BytesIO(json.dumps(CHAT | {"user": "x" * 3_000_000}).encode())
    async with http.post(url + PATH, data=large, ssl=context) as response:
        assert response.status == 200
    sandbox.script.answer("w" * 2_000_000)
    async with http.post(url + PATH, json=CHAT, ssl=context) as response:
        assert len(await response.read()) > 2_000_000
    async with http.ws_connect(url + "/v1/responses", ssl=context) as socket:
        await socket.send_json({"type": "response.create", "model": "gpt-4.1", "input": "hei", "store": False})
        assert (await socket.receive_json())["type"] == "response.created"


async def test_who_does_not_trust_it_says_nothing(secured: Service, http: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await http.get(secure_url(secured) + "/health")
    async with http.get(secured.url + "/health") as response:
        assert response.status == 200


async def test_old_versions_of_tls_are_not_spoken(secured: Service, made: Authority) -> None:
    context = trusting(made)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that they are old is the point
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await shaken(secured, context)
    _, writer = await shaken(secured, trusting(made))
    assert writer.get_extra_info("ssl_object").version() in {"TLSv1.2", "TLSv1.3"}
    writer.close()


async def test_the_guards_are_those_of_http(secured: Service, made: Authority, http: aiohttp.ClientSession) -> None:
    url, context = secure_url(secured), trusting(made)
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        async with http.post(url + PATH, json=CHAT, headers=headers, ssl=context) as response:
            assert response.status == 403
    async with http.post(url + PATH, json=CHAT, headers={"Origin": url}, ssl=context) as response:
        assert response.status == 200


async def test_another_user_is_another_user_in_tls_too(
    as_root: None, made: Authority, settings_for: SettingsFor, tmp_path: Path
) -> None:
    service = Service(settings_for(https=True), kept=tmp_path / "kept", user=41410)
    await service.start()
    try:
        for user, status in ((41411, "403"), (41410, "200")):
            who = ("setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups")
            curl = ("curl", "-sSk", "-o", "/dev/null", "-w", "%{http_code}", "-d", json.dumps(CHAT), secure_url(service) + PATH)
            process = await asyncio.create_subprocess_exec(*who, *curl, stdout=asyncio.subprocess.PIPE)
            assert (await process.communicate())[0].decode() == status
    finally:
        await service.stop()


@pytest.mark.parametrize("first", [b"\x16", b"\x16\x03\x01\x00\x05hello", b"\x16" + b"\xff" * 1000, b"\x15\x03\x01", b"\x00"])
async def test_what_is_neither_is_hung_up_on(made: Authority, make_service: MakeService, first: bytes) -> None:
    service = await make_service(https=True, head_timeout_s=0.5)
    async with Wire(service.url) as wire:
        await wire.send(first)
        answer = await wire.rest()
    assert answer == b"" or answer[:1] == b"\x15" or b" 400 " in answer.split(b"\r\n")[0]  # an alert of TLS, or HTTP's own word
    async with aiohttp.ClientSession() as http, http.get(service.url + "/health") as response:
        assert response.status == 200


async def test_a_handshake_byte_by_byte_succeeds(secured: Service, made: Authority) -> None:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(made).wrap_bio(incoming, outgoing, server_hostname="localhost")
    async with Wire(secured.url) as wire:
        for _ in range(10):
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                pass
            else:
                break
            for byte in outgoing.read():
                await wire.send(bytes([byte]))
                await asyncio.sleep(0)
            incoming.write(await wire.reader.read(65536))
        client.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await wire.send(outgoing.read())
        said = b""
        while b'"status"' not in said:
            incoming.write(await wire.reader.read(65536))
            try:
                said += client.read(65536)
            except ssl.SSLWantReadError:
                continue
    assert said.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], ids=["silent", "half a handshake"])
async def test_silent_ones_make_room_and_have_an_end(
    made: Authority, make_service: MakeService, http: aiohttp.ClientSession, sent: bytes
) -> None:
    service = await make_service(https=True, max_connections=4, keep_alive_s=1.0, head_timeout_s=1.0)
    wires = [await Wire(service.url).__aenter__() for _ in range(12)]
    for wire in wires:
        await wire.send(sent)
    for scheme in ("http", "https"):
        url = f"{scheme}://localhost:{service.url.rpartition(':')[2]}"
        async with http.post(url + PATH, json=CHAT, ssl=trusting(made)) as response:
            assert response.status == 200
    for wire in wires:
        async with asyncio.timeout(10):
            assert await wire.rest() == b""
        await wire.hang_up()


async def test_those_that_leave_are_forgotten(made: Authority, make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(https=True, max_connections=2)
    for sent in (b"", b"\x16", b"\x16nonsense" * 10, b"G"):
        for _ in range(3):
            async with Wire(service.url) as wire:
                await wire.send(sent)
    async with http.post(service.url + PATH, json=CHAT) as response:
        assert response.status == 200
    await eventually(lambda: service.status.active == 0)


async def test_a_stop_hangs_up_on_those_that_said_nothing(made: Authority, make_service: MakeService) -> None:
    service = await make_service(https=True)
    async with Wire(service.url) as silent, Wire(service.url) as half:
        await half.send(b"\x16\x03\x01")
        await asyncio.sleep(0.05)
        async with asyncio.timeout(10):
            await service.stop()
            assert await silent.rest() == b""


async def test_without_certificates_it_does_not_start(settings_for: SettingsFor) -> None:
    with pytest.raises(HttpsUnusable, match="no certificate") as caught:
        await Service(settings_for(https=True)).start()
    assert "copilot-api https setup" in caught.value.hint


async def test_without_the_setting_tls_is_not_spoken(made: Authority, make_service: MakeService) -> None:
    service = await make_service()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await shaken(service, trusting(made))


def test_where_certificates_lie() -> None:
    assert Authority.of(Path("/data")).certificate == Path("/data/https/ca.pem")
