"""Fetching pictures: from public addresses, within bounds, and never as a way into a network."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from copilot_api.errors import ClientMistake
from copilot_api.server import picture_fetch
from copilot_api.server.picture_fetch import PictureFetcher, is_public
from tests.builders.painted import base64_of, painted
from tests.builders.tls import nobody
from tests.server.conftest import Shelf

PNG = painted(20, 20)


@pytest.fixture
async def fetcher() -> AsyncIterator[PictureFetcher]:
    """One that may connect to this machine, but for its second address."""
    one = PictureFetcher(await nobody(), is_allowed=lambda address: address == "127.0.0.1")
    yield one
    await one.close()


async def refusal(fetcher: PictureFetcher, url: str) -> str:
    with pytest.raises(ClientMistake) as caught:
        await fetcher.fetch(url)
    assert (caught.value.code, bool(caught.value.hint)) == ("invalid_image_url", True)
    return caught.value.message


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_all_the_world_can_reach(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - looked at, not bound
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2002:c0a8:101::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "::127.0.0.1",
        "64:ff9b:1::7f00:1",
        "192.0.0.8",
        "192.88.99.1",
        "3fff::1",
        "fec0::1",
        "no address",
        "",
    ],
)
def test_addresses_that_only_some_can_reach(address: str) -> None:
    """The embedded address of a detour counts: 2001:0:…:fdd2 is 192.0.2.45 by Teredo."""
    assert not is_public(address)


async def test_a_picture_is_fetched_with_the_type_that_it_is_of(fetcher: PictureFetcher, shelf: Shelf) -> None:
    shelf.put("/a", PNG, Content_Type="text/plain")
    picture = await fetcher.fetch(shelf.url("/a"))
    assert (picture.media_type, picture.data) == ("image/png", base64_of(PNG))


async def test_redirects_are_followed_a_little(fetcher: PictureFetcher, shelf: Shelf) -> None:
    shelf.put("/a", PNG)
    shelf.put("/1", b"", status=302, Location="/a")
    shelf.put("/2", b"", status=307, Location=shelf.url("/1"))
    shelf.put("/3", b"", status=301, Location="/2")
    shelf.put("/4", b"", status=301, Location="/3")
    assert (await fetcher.fetch(shelf.url("/3"))).media_type == "image/png"
    assert "from one place to the next" in await refusal(fetcher, shelf.url("/4"))


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://127.0.0.2:{port}/a", "the address is not public"),
        ("http://[::1]:{port}/a", "the address is not public"),
        ("http://[::ffff:127.0.0.2]:{port}/a", "the address is not public"),
        ("file:///etc/passwd", "it is not a plain web address"),
        ("http://user:secret@127.0.0.1:{port}/a", "it is not a plain web address"),
    ],
)
async def test_a_redirect_leads_nowhere_else(fetcher: PictureFetcher, shelf: Shelf, location: str, reason: str) -> None:
    shelf.put("/a", PNG)
    shelf.put("/out", b"", status=302, Location=location.format(port=shelf.port))
    assert reason in await refusal(fetcher, shelf.url("/out"))
    assert shelf.asked == ["/out"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1."])
async def test_a_name_for_this_machine_is_no_way_in(shelf: Shelf, host: str) -> None:
    shelf.put("/a", PNG)
    careful = PictureFetcher(await nobody())
    try:
        said = await refusal(careful, shelf.url("/a", host))
    finally:
        await careful.close()
    assert "not public" in said
    assert shelf.asked == []


async def test_a_name_with_one_address_too_many_is_no_way_in(shelf: Shelf) -> None:
    """Whoever owns a name decides which of its addresses is taken, and may change that at any time."""
    looked_at: list[str] = []

    def picky(address: str) -> bool:
        looked_at.append(address)
        return address == "127.0.0.1" and len(looked_at) > 1

    one = PictureFetcher(await nobody(), is_allowed=picky)
    try:
        assert "not public" in await refusal(one, shelf.url("/a", "localhost"))
    finally:
        await one.close()
    assert shelf.asked == []


async def test_no_connection_is_made_to_an_address_that_is_not_allowed_whatever_led_there(shelf: Shelf) -> None:
    """Each address is looked at when its name is found, and once more when a socket for it is made."""
    answers = iter([True, False])
    one = PictureFetcher(await nobody(), is_allowed=lambda _: next(answers, False))
    try:
        assert "the connection failed" in await refusal(one, shelf.url("/a"))
    finally:
        await one.close()
    assert shelf.asked == []


async def test_the_address_that_was_checked_is_the_one_that_is_used(shelf: Shelf) -> None:
    shelf.put("/a", PNG)
    one = PictureFetcher(await nobody(), is_allowed=lambda address: address in {"127.0.0.1", "::1"})
    try:
        assert (await one.fetch(shelf.url("/a", "localhost"))).media_type == "image/png"
    finally:
        await one.close()


async def test_what_is_no_picture_is_said(fetcher: PictureFetcher, shelf: Shelf) -> None:
    shelf.put("/a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", Content_Type="image/png")
    assert "not a picture that models see" in await refusal(fetcher, shelf.url("/a"))


async def test_a_packed_answer_is_not_unpacked(fetcher: PictureFetcher, shelf: Shelf) -> None:
    shelf.put("/a", PNG, Content_Encoding="gzip")
    assert (await fetcher.fetch(shelf.url("/a"))).data == base64_of(PNG)


async def test_a_picture_has_a_largest_size(fetcher: PictureFetcher, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_fetch, "MOST_BYTES", len(PNG))
    shelf.put("/a", PNG)
    shelf.put("/b", PNG + b"x")
    assert (await fetcher.fetch(shelf.url("/a"))).data == base64_of(PNG)
    assert "it is larger than" in await refusal(fetcher, shelf.url("/b"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://name.invalid/a.png", "its name is unknown"),
        ("https://127.0.0.1:65535/a.png", "the connection failed"),
        ("http://127.0.0.1:25/a.png", "no pictures are fetched from that port"),
        ("http://127.0.0.1:443/a.png", "the connection failed"),
        ("http:///a.png", "it is not a plain web address"),
        ("http://127.0.0.1:99999/a.png", "Port out of range"),
    ],
)
async def test_what_cannot_be_had_is_said(fetcher: PictureFetcher, url: str, reason: str) -> None:
    assert reason in await refusal(fetcher, url)


async def test_a_picture_that_does_not_come_is_not_waited_for(fetcher: PictureFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_fetch, "WITHIN_S", 0.1)

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side gives up
        writer.close()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent:
        assert "did not come in time" in await refusal(fetcher, f"http://127.0.0.1:{port}/a.png")
