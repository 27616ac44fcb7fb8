"""Thinking as Copilot takes it on /v1/messages. Each test names the row of the table it proves."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import carrier
from tests.builders.mending import ASK, TOOL, repaired, text


def test_thinking_history_keeps_only_what_anthropic_signed() -> None:
    foreign = carrier.pack("s", origin="c", family="gpt")
    blocks = [
        {"type": "thinking", "thinking": "own", "signature": "sig"},
        {"type": "thinking", "thinking": "unsigned", "signature": ""},
        {"type": "thinking", "thinking": "foreign", "signature": foreign},
        {"type": "redacted_thinking", "data": foreign},
        {"type": "redacted_thinking", "data": "own"},
        text("a"),
    ]
    body, fired = repaired(messages=[*ASK["messages"], {"role": "assistant", "content": blocks}, *ASK["messages"]])
    assert body["messages"][1]["content"] == [blocks[0], blocks[4], blocks[5]]
    assert fired == ("thinking-history",)


CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
ANSWERED: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}, text("and now?")]}
SPOKEN: Json = {"role": "user", "content": [text("and now?")]}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "sig"}


@pytest.mark.parametrize(
    ("newest", "thinks"),
    [([CALL], False), ([text("a"), CALL], False), ([THOUGHT, CALL], True), ([text("a")], True), ([], True)],
)
def test_thinking_paused_where_the_thoughts_behind_a_call_are_lost(newest: list[Json], thinks: bool) -> None:
    thinking = {"type": "enabled", "budget_tokens": 2048}
    last = ANSWERED if CALL in newest else SPOKEN
    messages = [*ASK["messages"], *([{"role": "assistant", "content": newest}] if newest else []), last]
    body, fired = repaired(messages=messages, thinking=thinking, max_tokens=9000, tools=[TOOL])
    assert (body.get("thinking"), fired) == ((thinking, ()) if thinks else (None, ("thinking-paused",)))


def test_adaptive_thinking_needs_no_thoughts_of_before() -> None:
    thinking = {"type": "adaptive", "display": "summarized"}
    messages = [*ASK["messages"], {"role": "assistant", "content": [CALL]}, ANSWERED]
    assert repaired(messages=messages, thinking=thinking, max_tokens=9000, tools=[TOOL])[1] == ()


@pytest.mark.parametrize(
    ("id_", "given", "cap", "sent"),
    [
        ("claude-sonnet-4.6", {"type": "disabled"}, 9000, {"type": "disabled"}),
        ("claude-sonnet-4.6", {"type": "adaptive", "display": "omitted"}, 9000, {"type": "adaptive", "display": "omitted"}),
        ("claude-opus-5", {"type": "adaptive"}, 9000, {"type": "adaptive", "display": "summarized"}),
        ("claude-opus-5", {"type": "adaptive", "display": "updates"}, 9000, {"type": "adaptive", "display": "summarized"}),
        ("claude-opus-5", {"type": "enabled", "budget_tokens": 9}, 9000, {"type": "adaptive", "display": "summarized"}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 2000}, 9000, {"type": "enabled", "budget_tokens": 2000}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 5}, 9000, {"type": "enabled", "budget_tokens": 1024}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 99999}, 64000, {"type": "enabled", "budget_tokens": 32000}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 31999}, 5000, {"type": "enabled", "budget_tokens": 4999}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 2000}, 1000, None),
        ("claude-haiku-4.5", {"type": "adaptive"}, 9000, {"type": "enabled", "budget_tokens": 8999}),
        ("claude-haiku-4.5", {"type": "enabled", "budget_tokens": 2000, "display": "x"}, 9000,
         {"type": "enabled", "budget_tokens": 2000}),
        ("gpt-4.1", {"type": "adaptive"}, 9000, None),
    ],
)  # fmt: skip
def test_thinking_fitted_to_the_model(id_: str, given: Json, cap: int, sent: Json | None) -> None:
    body, fired = repaired(id_, thinking=given, max_tokens=cap)
    assert body.get("thinking") == sent
    assert fired == (("thinking-fitted",) if given != sent else ())
