"""Pictures of a request: fetched, scaled, remembered."""

import base64
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import ExifTags, Image

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.sandbox import Sandbox
from copilot_api.server import pictures
from copilot_api.server.picture_fetch import PictureFetcher
from copilot_api.server.pictures import Pictures, is_over, limits_of
from copilot_api.service import Service
from copilot_api.translate.pictures import MEDIA_TYPES, Picture, found_in
from copilot_api.translate.repairs import PICTURES
from tests.builders.models import model
from tests.builders.painted import base64_of, opened, painted
from tests.builders.serving import Serving
from tests.builders.tls import nobody
from tests.server.conftest import Shelf

SMALL = painted(20, 20)
LIMIT = 3_145_728


def asking(*found: Picture) -> Json:
    parts = [{"type": "image_url", "image_url": {"url": p.url or f"data:{p.media_type};base64,{p.data}"}} for p in found]
    return {"messages": [{"role": "user", "content": parts}]}


def here(data: bytes, media_type: str = "image/png") -> Picture:
    return Picture(media_type=media_type, data=base64_of(data))


def tight(most_bytes: int = 4000) -> Model:
    """A model that takes small pictures only."""
    return Model(id="gpt-4.1", vision=True, max_image_bytes=most_bytes, image_types=("image/png", "image/jpeg"))


def test_limits_are_the_catalogs_and_those_that_the_maker_is_known_for() -> None:
    claude, gpt, silent = limits_of(model("claude-opus-5")), limits_of(model("gpt-4.1")), limits_of(Model(id="x"))
    assert (claude.most_bytes, claude.longest_side) == (LIMIT, 8000)
    assert (gpt.most_bytes, gpt.longest_side) == (LIMIT, None)
    assert (silent.most_bytes, silent.media_types) == (None, MEDIA_TYPES)
    assert limits_of(Model(id="claude-x", max_image_bytes=9_000_000)).most_bytes == 5 * 1024 * 1024


@pytest.mark.parametrize(
    ("picture", "over"),
    [
        (here(SMALL), False),
        (Picture(url="https://example.org/a.png"), False),
        (Picture(media_type="image/png", data="A" * 4_194_308), True),
        (here(SMALL, "image/bmp"), True),
        (here(SMALL, "application/pdf"), False),
        (here(painted(8001, 1)), True),
        (here(painted(8000, 1)), False),
    ],
)
def test_what_is_more_than_a_model_takes_is_known(picture: Picture, over: bool) -> None:
    assert is_over(picture, limits_of(model("claude-opus-5"))) is over


async def test_a_request_without_large_pictures_is_the_same_object() -> None:
    body = asking(here(SMALL), Picture(url="https://example.org/a.png"))
    assert await Pictures().prepared(body, model("gpt-4.1")) == (body, ())
    assert (await Pictures().prepared(body, model("gpt-4.1")))[0] is body


async def test_a_large_picture_is_scaled_once_and_then_known(monkeypatch: pytest.MonkeyPatch) -> None:
    large = painted(200, 200, noisy=True)
    both, before = Pictures(), asking(here(large), here(SMALL))
    body, fired = await both.prepared(before, tight())
    first, second = found_in(body)
    assert fired == ("images-scaled",)
    assert len(first.data) * 3 // 4 <= 4000
    assert second == here(SMALL)
    assert list(found_in(before)) == [here(large), here(SMALL)]
    monkeypatch.setattr(pictures, "scale", None)  # whoever scales again, fails
    assert await both.prepared(asking(here(large), here(SMALL)), tight()) == (body, fired)


async def test_without_the_row_nothing_is_scaled() -> None:
    large = asking(here(painted(200, 200, noisy=True)))
    table = {name: fault for name, fault in PICTURES.items() if name != "images-scaled"}
    assert await Pictures(table=table).prepared(large, tight()) == (large, ())


async def test_without_pillow_nothing_is_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "is_possible", lambda: False)
    large = asking(here(painted(200, 200, noisy=True)))
    assert await Pictures().prepared(large, tight()) == (large, ())


@pytest.mark.parametrize("data", ["A" * 8000, "no base64!" * 800])
async def test_what_cannot_be_scaled_is_for_upstream_to_refuse(data: str) -> None:
    body = asking(Picture(media_type="image/png", data=data))
    assert await Pictures().prepared(body, tight()) == (body, ())


async def test_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MEMORY_BYTES", 5000)
    kept = Pictures()
    large = [asking(here(painted(side, side, noisy=True))) for side in (200, 220)]
    for body in (*large, large[0]):
        after, _ = await kept.prepared(body, tight())
        assert after is not body
    assert kept._memory._size <= 5000


async def test_pictures_that_lie_elsewhere_are_fetched_once(shelf: Shelf) -> None:
    shelf.put("/a.png", SMALL)
    url = shelf.url("/a.png")
    fetcher = PictureFetcher(await nobody(), is_allowed=lambda _: True)
    try:
        ready = Pictures(fetcher)
        for _ in range(2):
            body, fired = await ready.prepared(asking(Picture(url=url), Picture(url=url), here(SMALL)), model("gpt-4.1"))
            assert list(found_in(body)) == [here(SMALL)] * 3
            assert fired == ("images-fetched",)
        assert shelf.asked == ["/a.png"]
        with pytest.raises(ClientMistake, match="could not be fetched: the answer was 404"):
            await ready.prepared(asking(Picture(url=shelf.url("/b.png"))), model("gpt-4.1"))
        table = {name: fault for name, fault in PICTURES.items() if name != "images-fetched"}
        plain = asking(Picture(url=url))
        assert await Pictures(fetcher, table=table).prepared(plain, model("gpt-4.1")) == (plain, ())
    finally:
        await fetcher.close()


PICTURE_ASK = {"model": "gpt-4.1", "messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}]}]}


def chat(url: str) -> dict[str, Any]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return {"model": "gpt-4.1", "messages": [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, part]}]}


async def test_a_large_picture_is_taken_by_copilot(service: Service, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """copilot-upstream §2.1: the catalog's limit is three mebibytes."""
    large = painted(1300, 1300, noisy=True)
    assert len(large) > LIMIT // 2
    next(e for e in sandbox.models if e["id"] == "gpt-4.1")["capabilities"]["limits"]["vision"]["max_prompt_image_size"] = (
        500_000
    )
    service.catalog._models = {}  # read again, with that limit
    async with http.post(
        service.url + "/v1/chat/completions", data=BytesIO(dumps(chat(f"data:image/png;base64,{base64_of(large)}")))
    ) as response:
        assert response.status == 200
        assert "images-scaled" in response.headers["x-copilot-api-repairs"].split(",")
    [sent] = found_in(sandbox.seen[-1].json)
    assert sent.media_type == "image/jpeg"
    assert len(sent.data) * 3 // 4 <= 500_000


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_picture_of_any_format_is_made_smaller_and_turned_upright(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, format_: str
) -> None:
    """Held on its side, as a camera notes it; a compiled program needs the right parts of Pillow for that."""
    held = Image.Exif()
    held[ExifTags.Base.Orientation] = 6
    told: dict[str, Any] = {} if format_ == "GIF" else {"exif": held, "quality": 100}
    big = painted(2400, 1800, format_, noisy=True, **told)
    assert len(big) > LIMIT
    url = f"data:image/{format_.lower()};base64,{base64_of(big)}"
    async with http.post(f"{server.url}/v1/chat/completions", data=BytesIO(dumps(chat(url)))) as response:
        assert response.status == 200
        assert "images-scaled" in response.headers["x-copilot-api-repairs"]
    [part] = [part for part in sandbox.seen[-1].json["messages"][0]["content"] if part["type"] == "image_url"]
    sent = opened(base64.b64decode(part["image_url"]["url"].partition(",")[2]))
    assert (sent.width > sent.height) == (format_ == "GIF")


async def test_a_picture_elsewhere_is_refused_with_a_way_out(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.post(server.url + "/v1/chat/completions", json=chat("https://example.org/a.png")) as response:
        assert response.status == 400
        assert "fetch_images in the settings" in (await response.json())["error"]["message"]


async def test_nothing_is_fetched_for_the_simulated_copilot(http: aiohttp.ClientSession) -> None:
    from copilot_api.settings import Settings

    service = Service(Settings(sandbox=True, fetch_images=True, port=0))
    await service.start()
    try:
        async with http.post(service.url + "/v1/chat/completions", json=chat("https://example.org/a.png")) as response:
            assert response.status == 400
            assert "external image URLs are not supported" in (await response.json())["error"]["message"]
    finally:
        await service.stop()


async def test_a_private_address_is_never_fetched(
    serve: Any, http: aiohttp.ClientSession, sandbox: Sandbox, shelf: Shelf
) -> None:
    shelf.put("/a.png", SMALL)
    server = await serve(fetch_images=True)
    async with http.post(server.url + "/v1/chat/completions", json=chat(shelf.url("/a.png"))) as response:
        assert response.status == 400
        assert "the address is not public" in (await response.json())["error"]["message"]
    assert shelf.asked == []
    assert not [seen for seen in sandbox.seen if seen.path == "/chat/completions"]


def test_a_picture_that_was_painted_is_one() -> None:
    assert opened(SMALL).size == (20, 20)
