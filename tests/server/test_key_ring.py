"""What a running server knows of keys: the settings', and the file's as they are by now."""

import ast
import asyncio
import hmac
import inspect
import textwrap
from pathlib import Path

import aiohttp
import pytest

from copilot_api.errors import FileUnsafe
from copilot_api.keys import KeyFile
from copilot_api.server import key_ring
from copilot_api.server.key_ring import LOOKS_EVERY_S, MOST_SHOWN, KeyRing
from tests.builders.clocks import Hand, Hurried
from tests.conftest import MakeService

aside = asyncio.to_thread

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hei"}]}


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile.of(tmp_path)


async def test_keys_of_both_kinds_have_names(file: KeyFile) -> None:
    key = await aside(file.add, "laptop")
    ring = KeyRing(["one", "two"], file, Hand())
    await ring.open()
    assert [ring.name_of([shown]) for shown in ("one", "two", key, "three")] == ["settings-1", "settings-2", "laptop", None]
    assert [ring.knows(name) for name in ("settings-2", "laptop", "settings-3", "")] == [True, True, False, False]
    assert (ring.is_required, ring.is_empty) == (True, False)


async def test_what_is_in_the_ring_opens_nothing(file: KeyFile) -> None:
    """The hash of a key, which a thief may have read, is no key."""
    await aside(file.add, "laptop")
    ring = KeyRing([], file, Hand())
    await ring.open()
    kept = await aside(file.read)
    assert kept is not None
    assert ring.name_of([kept[0].digest, kept[0].ending, "laptop", ""]) is None


async def test_without_any_none_is_asked_for(file: KeyFile) -> None:
    ring = KeyRing([], file, Hand())
    await ring.open()
    assert (ring.is_required, ring.is_empty, ring.name_of(["dummy"])) == (False, True, None)


async def test_changes_are_noticed_with_one_look_a_second(file: KeyFile, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = Hand()
    ring = KeyRing([], file, clock)
    await ring.open()
    await ring.refresh()
    key = await aside(file.add, "laptop")
    await ring.refresh()
    assert ring.name_of([key]) is None
    clock.now += LOOKS_EVERY_S
    await ring.refresh()
    assert ring.name_of([key]) == "laptop"
    assert "API keys were changed: there are 1" in caplog.text
    await aside(file.revoke, "laptop")
    clock.now += LOOKS_EVERY_S
    await ring.refresh()
    assert (ring.name_of([key]), ring.knows("laptop"), ring.is_required, ring.is_empty) == (None, False, True, True)
    await aside(file.forget)
    clock.now += LOOKS_EVERY_S
    await ring.refresh()
    assert not ring.is_required


async def test_a_file_that_others_can_read_by_now_lets_nobody_in(file: KeyFile, caplog: pytest.LogCaptureFixture) -> None:
    clock = Hand()
    key = await aside(file.add, "laptop")
    ring = KeyRing([], file, clock)
    await ring.open()
    await aside(file.add, "second")
    await aside(file.path.chmod, 0o644)
    clock.now += LOOKS_EVERY_S
    await ring.refresh()
    assert (ring.is_required, ring.name_of([key])) == (True, None)
    assert "can be read by other users" in caplog.text
    await aside(file.path.chmod, 0o600)
    await aside(file.revoke, "second")
    clock.now += LOOKS_EVERY_S
    await ring.refresh()
    assert ring.name_of([key]) == "laptop"


async def test_a_request_may_try_only_a_few(file: KeyFile) -> None:
    ring = KeyRing(["right"], file, Hand())
    assert ring.name_of([*["wrong"] * (MOST_SHOWN - 1), "right"]) == "settings-1"
    assert ring.name_of([*["wrong"] * MOST_SHOWN, "right"]) is None


def test_every_key_is_compared_whole_whichever_is_right(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """How long it takes tells nothing: the same comparisons are made, each of two hashes, and none of them ends the search."""
    compared: list[tuple[int, int]] = []
    inner = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return inner(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    ring = KeyRing(["first", "second", "third"], file, Hand())
    seen = set()
    for shown in ("first", "third", "wrong", "", "x" * 100_000):
        compared.clear()
        ring.name_of([shown])
        seen.add(tuple(compared))
    assert seen == {((64, 64),) * 3}


def test_no_key_is_compared_in_another_way() -> None:
    """`==` ends at the first letter that differs."""
    source = ast.parse(textwrap.dedent(inspect.getsource(key_ring.KeyRing.name_of)))
    operators = {type(op) for node in ast.walk(source) if isinstance(node, ast.Compare) for op in node.ops}
    names = {ast.unparse(node) for node in ast.walk(source) if isinstance(node, ast.Compare)}
    assert (operators, names) == ({ast.Eq}, {"number == MOST_SHOWN"})


async def status(http: aiohttp.ClientSession, url: str, key: str) -> int:
    async with http.post(url + "/v1/chat/completions", json=CHAT, headers={"x-api-key": key}) as response:
        return response.status


async def test_a_running_server_takes_a_new_key_and_refuses_a_revoked_one(
    make_service: MakeService, key_file: KeyFile, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    clock = Hurried()
    service = await make_service(clock=clock)
    assert await status(http, service.url, "dummy") == 200
    laptop = await aside(key_file.add, "laptop")
    phone = await aside(key_file.add, "phone")
    clock.now += LOOKS_EVERY_S
    assert [await status(http, service.url, key) for key in ("dummy", laptop, phone)] == [401, 200, 200]
    assert "POST /v1/chat/completions 200" in caplog.text
    assert ", key laptop" in caplog.text
    assert ", key phone" in caplog.text
    assert laptop not in caplog.text
    await aside(key_file.revoke, "phone")
    clock.now += LOOKS_EVERY_S
    assert [await status(http, service.url, key) for key in ("dummy", laptop, phone)] == [401, 200, 401]


async def test_a_revoked_key_ends_what_a_websocket_can_do(
    make_service: MakeService, key_file: KeyFile, http: aiohttp.ClientSession
) -> None:
    """The connection outlives the request that opened it."""
    clock = Hurried()
    key = await aside(key_file.add, "codex")
    service = await make_service(clock=clock)
    ask = {"type": "response.create", "model": "gpt-4.1", "input": "hei", "store": False}
    async with http.ws_connect(service.url + "/v1/responses", headers={"x-api-key": key}) as socket:
        await socket.send_json(ask)
        assert (await socket.receive_json())["type"] == "response.created"
        while (await socket.receive_json())["type"] != "response.completed":
            pass
        await aside(key_file.revoke, "codex")
        clock.now += LOOKS_EVERY_S
        await socket.send_json(ask)
        told = await socket.receive_json()
        assert (told["status"], told["error"]["code"]) == (401, "invalid_api_key")
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_an_unsafe_file_is_told_at_the_start(make_service: MakeService, key_file: KeyFile) -> None:
    await aside(key_file.add, "laptop")
    await aside(key_file.path.chmod, 0o666)
    with pytest.raises(FileUnsafe, match="can be read by other users"):
        await make_service()


async def test_a_key_of_the_file_is_enough_for_other_machines(make_service: MakeService, key_file: KeyFile) -> None:
    await aside(key_file.add, "laptop")
    service = await make_service(host="0.0.0.0")  # noqa: S104 - what is tested
    assert service.asks_for_a_key
