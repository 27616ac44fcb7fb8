"""Cache marks are kept, moved or added, and never more than upstream takes."""

import hashlib
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import caching
from copilot_api.translate.fields import Fields

MARK = {"cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("given", "marked", "losses"),
    [
        ({}, False, []),
        ({"cache_control": None}, False, []),
        ({"cache_control": {"type": "ephemeral"}}, True, []),
        ({"copilot_cache_control": {"type": "ephemeral"}}, True, []),
        (
            {"cache_control": {"type": "ephemeral", "ttl": "1h", "scope": "global"}},
            True,
            ["cache_control.scope", "cache_control.ttl"],
        ),
        ({"cache_control": "ephemeral"}, False, ["cache_control"]),
    ],
)
def test_that_there_is_a_mark_is_carried_and_nothing_else_of_it(given: Json, marked: bool, losses: list[str]) -> None:
    fields = Fields(given)
    assert caching.take_mark(fields) is marked
    assert sorted(fields.losses()) == losses


def test_the_mark_has_a_name_of_its_own_on_each_side() -> None:
    assert caching.on_message(marked=True) == {"copilot_cache_control": {"type": "ephemeral"}}
    assert caching.on_block(marked=True) == MARK
    assert caching.on_message(marked=False) == caching.on_block(marked=False) == {}


def test_the_last_four_marks_stay() -> None:
    blocks: list[Json] = [{"n": n} | MARK for n in range(6)]
    assert caching.keep_newest(blocks)
    assert [block["n"] for block in blocks if "cache_control" in block] == [2, 3, 4, 5]


def test_four_marks_are_not_too_many() -> None:
    blocks: list[Json] = [dict(MARK) for _ in range(4)]
    assert not caching.keep_newest(blocks)
    assert all("cache_control" in block for block in blocks)


def message(role: str, *texts: str) -> Json:
    return {"role": role, "content": [{"text": text} for text in texts]}


def marked(blocks: list[Json]) -> list[Any]:
    return [block["text"] for block in blocks if block.get("cache_control") == {"type": "ephemeral"}]


def test_the_system_prompt_and_the_two_newest_user_turns_get_marks() -> None:
    system: list[Json] = [{"text": "s1"}, {"text": "s2"}]
    messages = [
        message("user", "a"),
        message("assistant", "b"),
        message("user", "c", "d"),
        message("assistant", "e"),
        message("user", "f"),
    ]
    caching.add_marks(system, messages)
    assert marked(system) == ["s2"]
    assert marked([block for one in messages for block in one["content"]]) == ["d", "f"]


def test_no_system_prompt_gets_no_mark() -> None:
    messages = [message("user", "a")]
    caching.add_marks([], messages)
    assert marked(messages[0]["content"]) == ["a"]


MARKED = {"copilot_cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("roles", "marked"),
    [
        (["user"], [0]),
        (["system", "user"], [0, 1]),
        (["system", "user", "user"], [0, 2]),
        (["user", "assistant", "tool", "tool", "user", "assistant", "user"], [4, 6]),
        (["user", "assistant", "user", "assistant", "user"], [2, 4]),
        (["system", "user", "assistant", "tool", "assistant"], [0, 1, 3]),
        (["system", "user", "system", "user", "assistant", "user"], [0, 3, 5]),
    ],
)
def test_a_chat_is_marked_at_its_system_prompt_and_where_the_two_newest_turns_end(roles: list[str], marked: list[int]) -> None:
    messages: list[Json] = [{"role": role} for role in roles]
    caching.mark_turns(messages)
    assert [at for at, message in enumerate(messages) if message == {"role": roles[at]} | MARKED] == marked
    assert sum("copilot_cache_control" in message for message in messages) == len(marked)


def test_marks_come_off_and_it_is_known_that_there_were_some() -> None:
    assert caching.without_marks([{"text": "a"} | MARK, {"text": "b"}]) == ([{"text": "a"}, {"text": "b"}], True)
    assert caching.without_marks([{"text": "a"}]) == ([{"text": "a"}], False)
    assert caching.without_marks([]) == ([], False)


def test_a_key_that_is_too_long_for_openai_is_told_apart_by_a_hash() -> None:
    assert caching.short_key("k" * 64) == "k" * 64
    assert caching.short_key("k" * 65) == hashlib.sha256(b"k" * 65).hexdigest()
