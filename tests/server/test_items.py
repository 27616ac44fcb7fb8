"""Items by id: found again, forgotten in time, never too many, never half of another's."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.server.items import AGE_S, OVERHEAD_BYTES, Items
from tests.builders.clocks import Hand

KIB = 1024


def item(id_: str, text: str = "Hei") -> Json:
    return {"type": "message", "id": id_, "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def reference(id_: str) -> Json:
    return {"type": "item_reference", "id": id_}


def test_references_become_what_they_refer_to() -> None:
    items = Items(100 * KIB, Hand())
    items.keep([item("msg_1"), item("msg_2", "to")])
    body = {"model": "m", "input": [{"role": "user", "content": "q"}, reference("msg_2"), {"id": "msg_1"}]}
    assert items.resolved(body) == {
        "model": "m",
        "input": [{"role": "user", "content": "q"}, item("msg_2", "to"), item("msg_1")],
    }
    assert body["input"][1:] == [reference("msg_2"), {"id": "msg_1"}], "the client's own is not changed"


@pytest.mark.parametrize(
    "given", ["q", [{"role": "user", "content": "q", "id": "msg_1"}], [5, None, {}], None, {"id": "msg_1"}]
)
def test_a_body_without_references_is_the_same_object(given: Any) -> None:
    body = {"input": given}
    assert Items(KIB, Hand()).resolved(body) is body


def test_an_unknown_reference_is_refused_with_a_hint() -> None:
    with pytest.raises(ClientMistake) as caught:
        Items(KIB, Hand()).resolved({"input": [{"role": "user", "content": "q"}, reference("msg_9")]})
    problem = caught.value
    assert (problem.status, problem.code, problem.param) == (400, "item_not_found", "input[1].id")
    assert "'msg_9'" in problem.message
    assert "store: false" in problem.hint


@pytest.mark.parametrize("id_", [None, 5, "", ["x"]])
def test_items_and_references_without_a_proper_id_lead_nowhere(id_: Any) -> None:
    items = Items(100 * KIB, Hand())
    items.keep([item("msg_1") | {"id": id_}])
    assert items.size_bytes == 0
    with pytest.raises(ClientMistake):
        items.resolved({"input": [reference("x") | {"id": id_}]})


def test_the_oldest_make_room() -> None:
    items = Items(10 * KIB, Hand())
    items.keep(item(f"msg_{n}", "x" * 2 * KIB) for n in range(5))
    assert items.size_bytes <= 10 * KIB
    items.resolved({"input": [reference("msg_4"), reference("msg_2")]})
    with pytest.raises(ClientMistake):
        items.resolved({"input": [reference("msg_0")]})


def test_what_was_asked_for_counts_as_new() -> None:
    items = Items(3 * (OVERHEAD_BYTES + 200), Hand())
    items.keep([item("a"), item("b"), item("c")])
    items.resolved({"input": [reference("a")]})
    items.keep([item("d")])
    items.resolved({"input": [reference("a"), reference("d")]})
    with pytest.raises(ClientMistake):
        items.resolved({"input": [reference("b")]})


def test_an_item_that_is_too_large_is_not_kept() -> None:
    items = Items(KIB, Hand())
    items.keep([item("big", "x" * 2 * KIB)])
    assert items.size_bytes == 0


def test_the_same_id_again_replaces_the_item() -> None:
    items = Items(100 * KIB, Hand())
    items.keep([item("a", "x" * 5000), item("a", "new")])
    assert items.size_bytes < 1000
    assert items.resolved({"input": [reference("a")]})["input"] == [item("a", "new")]


def test_items_are_forgotten_with_time_unless_they_are_used() -> None:
    clock = Hand()
    items = Items(100 * KIB, clock)
    items.keep([item("used"), item("unused")])
    clock.now = AGE_S - 1
    items.resolved({"input": [reference("used")]})
    clock.now = AGE_S + 1
    items.resolved({"input": [reference("used")]})
    with pytest.raises(ClientMistake):
        items.resolved({"input": [reference("unused")]})
    items.keep([item("new")])
    assert items.size_bytes < 3 * (OVERHEAD_BYTES + 100), "the one that is too old makes room"


def test_nothing_is_kept_where_that_is_not_wanted() -> None:
    items = Items(0, Hand())
    items.keep([item("a")])
    assert items.size_bytes == 0
    with pytest.raises(ClientMistake):
        items.resolved({"input": [reference("a")]})


def test_a_text_never_shows_in_a_repr() -> None:
    items = Items(100 * KIB, Hand())
    items.keep([item("a", "canary")])
    assert "canary" not in repr(items) + repr(items._kept)


def test_threads_keep_the_books() -> None:
    items = Items(50 * KIB, Hand())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: items.keep([item(f"msg_{n % 200}", "x" * (n % 900))]), range(2000)))
    assert items.size_bytes == sum(len(kept.text) + OVERHEAD_BYTES for kept in items._kept.values()) <= 50 * KIB
