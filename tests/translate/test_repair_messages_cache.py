"""Cache markers as Copilot takes them on /v1/messages. Each test names the row of the table it proves."""

from typing import Any

import pytest

from copilot_api.translate.repair_messages_cache import CACHE_TTL_BETA
from tests.builders.mending import ASK, MARK, TOOL, calling, repaired, text


def test_cache_control_plain() -> None:
    scoped = {"type": "ephemeral", "scope": "global", "ttl": "1h"}
    messages = [{"role": "user", "content": [text("q", cache_control=scoped)]}]
    tools = [{"name": "f", "input_schema": {"type": "object"}, "cache_control": scoped}]
    body, fired = repaired(messages=messages, system=[text("s", cache_control=scoped)], tools=tools)
    markers = [body["messages"][0]["content"][0], body["system"][0], body["tools"][0]]
    assert [holder["cache_control"] for holder in markers] == [MARK] * 3
    assert fired == ("cache-control-plain",)
    kept, _ = repaired(messages=messages, betas=(CACHE_TTL_BETA,))
    assert kept["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_cache_control_null_and_on_thinking_is_dropped() -> None:
    blocks = [{"type": "thinking", "thinking": "t", "signature": "s", "cache_control": MARK}, text("a", cache_control=None)]
    body, _ = repaired(messages=[*ASK["messages"], {"role": "assistant", "content": blocks}, *ASK["messages"]])
    assert all("cache_control" not in block for block in body["messages"][1]["content"])


def test_cache_control_inside_a_tool_result_moves_to_the_result() -> None:
    inner = [text("a", cache_control=MARK), text("b")]
    result = {"type": "tool_result", "tool_use_id": "t", "content": inner}
    body, fired = repaired(messages=[*calling("t"), {"role": "user", "content": [result]}], tools=[TOOL])
    assert body["messages"][2]["content"] == [result | {"content": [text("a"), text("b")], "cache_control": MARK}]
    assert fired == ("cache-control-plain",)
    outer = result | {"cache_control": MARK}
    body, _ = repaired(messages=[*calling("t"), {"role": "user", "content": [outer]}], tools=[TOOL])
    assert body["messages"][2]["content"] == [result | {"content": [text("a"), text("b")], "cache_control": MARK}]


def test_cache_control_of_the_request_goes_to_the_last_block() -> None:
    body, _ = repaired(cache_control={"type": "ephemeral", "ttl": "1h"})
    assert body == ASK | {"messages": [{"role": "user", "content": [text("q", cache_control=MARK)]}]}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": [text("q", cache_control=MARK)]}],
        [*ASK["messages"], {"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": "s"}]}],
        [{"role": "user", "content": 7}],
        ["odd"],
        [],
    ],
)
def test_cache_control_of_the_request_is_dropped_where_no_block_can_take_it(messages: list[Any]) -> None:
    body, _ = repaired(messages=messages, cache_control=MARK)
    assert body == ASK | {"messages": messages}
    assert repaired(messages=messages, cache_control="odd")[0] == ASK | {"messages": messages}


def test_cache_markers_limited_to_the_last_four() -> None:
    blocks = [text(str(n), cache_control=MARK) for n in range(4)]
    tool = {"name": "f", "input_schema": {"type": "object"}, "cache_control": MARK}
    system = [text("s", cache_control=MARK)]
    body, fired = repaired(messages=[{"role": "user", "content": blocks}], tools=[tool], system=system)
    assert ("cache_control" in body["tools"][0], "cache_control" in body["system"][0]) == (False, False)
    assert body["messages"][0]["content"] == blocks
    assert fired == ("cache-markers-limited",)
