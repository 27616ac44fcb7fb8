"""How often each repair fired, and who may know."""

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from copilot_api.dialects.codec import Json
from copilot_api.errors import DoorClosed
from copilot_api.server.repair_book import RepairBook
from copilot_api.translate.learned import Lesson
from copilot_api.translate.repairs import ROWS, Row
from copilot_api.upstream.clock import SystemClock
from tests.builders.serving import Serving


def row(name: str, where: str = "") -> Row:
    return next(row for row in ROWS if (row.name, row.where) == (name, where))


def test_repairs_are_counted_where_they_fired() -> None:
    book = RepairBook(SystemClock())
    book.note("/chat/completions", ["fields-dropped", "token-renewed"])
    book.note("/v1/messages", ["fields-dropped", "token-renewed", "fields-dropped"])
    assert book.fired(row("fields-dropped", "/chat/completions")) == 1
    assert book.fired(row("fields-dropped", "/v1/messages")) == 2
    assert book.fired(row("token-renewed")) == 2
    assert book.fired(row("hiccup-replayed")) == 0


def test_what_was_learned_is_kept_by_model_and_told_by_name() -> None:
    book = RepairBook(SystemClock())
    lesson = Lesson(path=("tools", "*", "strict"))
    assert book.learn("m", "/v1/messages", [lesson]) == [lesson]
    assert book.learn("m", "/v1/messages", [lesson]) == []
    assert book.learned("m") == {"/v1/messages": frozenset({lesson})}
    assert book.learned("other") == {}
    assert book.told()["learned"] == [{"model": "m", "endpoint": "/v1/messages", "field": "tools.*.strict"}]


async def test_the_whole_table_is_told_with_its_counts(server: Serving, http: aiohttp.ClientSession) -> None:
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "q"}], "store": True}
    for _ in range(2):
        async with http.post(server.url + "/v1/chat/completions", json=body) as response:
            assert response.status == 200
    async with http.get(server.url + "/repairs") as response:
        told = await response.json()
    assert len(told["repairs"]) == len(ROWS)
    fired = {(told_row["endpoint"], told_row["name"]): told_row["fired"] for told_row in told["repairs"]}
    assert fired["/chat/completions", "fields-dropped"] == 2
    assert fired["/v1/messages", "fields-dropped"] == 0
    assert set(told["repairs"][0]) == {"name", "side", "endpoint", "when", "does", "source", "fired"}


MANY = [{"type": "function", "function": {"name": f"t{n}", "parameters": {"type": "object"}}} for n in range(129)]
ASK = [{"role": "user", "content": "q"}]


@pytest.mark.parametrize(
    ("path", "body", "refuses"),
    [
        ("chat/completions", {"model": "gpt-4.1", "messages": ASK, "tools": MANY}, ("/chat/completions", "tools-limited")),
        ("chat/completions", {"model": "gpt-5.3-codex", "messages": ASK, "tools": MANY}, ("/responses", "tools-limited")),
        (
            "messages",
            {
                "model": "claude-sonnet-4.6",
                "max_tokens": 9,
                "messages": ASK,
                "tools": [{"type": "web_search_20250305", "name": "web_search"}],
                "tool_choice": {"type": "tool", "name": "web_search"},
            },
            ("/v1/messages", "server-tools-dropped"),
        ),
        (
            "responses",
            {"model": "gpt-5-mini", "input": "q", "tools": [{"type": "mcp"}], "tool_choice": {"type": "mcp"}},
            ("/responses", "hosted-tools-dropped"),
        ),
        ("responses", {"model": "gpt-5-mini", "input": "q", "prompt": {"id": "p"}}, ("/responses", "fields-dropped")),
    ],
)
async def test_a_repair_that_refuses_counts_as_fired(
    server: Serving, http: aiohttp.ClientSession, path: str, body: Json, refuses: tuple[str, str]
) -> None:
    for _ in range(2):
        async with http.post(f"{server.url}/v1/{path}", json=body) as response:
            assert response.status == 400
    async with http.get(server.url + "/repairs") as response:
        told = await response.json()
    assert {(row["endpoint"], row["name"]): row["fired"] for row in told["repairs"] if row["fired"]} == {refuses: 2}


async def test_a_request_that_is_plainly_wrong_is_no_repair(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.post(server.url + "/v1/chat/completions", json={"model": "text-embedding-3-small", "messages": ASK}) as r:
        assert r.status == 400
    async with http.get(server.url + "/repairs") as response:
        assert not [row for row in (await response.json())["repairs"] if row["fired"]]


@pytest.mark.parametrize("remote", ["192.168.1.7", "2001:db8::1", None])
async def test_other_machines_are_told_nothing(remote: str | None) -> None:
    request: web.Request = make_mocked_request("GET", "/repairs").clone(remote=remote or "")
    with pytest.raises(DoorClosed):
        await RepairBook(SystemClock()).page(request)
