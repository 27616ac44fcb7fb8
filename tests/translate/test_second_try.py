"""Refusals that a changed request gets past."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import UpstreamRefused
from copilot_api.translate import second_try
from copilot_api.translate.repair import Endpoint

PREFILL = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "{"}]
NO_PREFILL = "This model does not support assistant message prefill. The conversation must end with a user message."


def mend(body: Json, problem: UpstreamRefused, endpoint: Endpoint = "/v1/messages") -> tuple[Json, str] | None:
    return second_try.mend(endpoint, body, problem)


def refused(message: str, status: int = 400) -> UpstreamRefused:
    return UpstreamRefused(message, status=status)


def test_a_refused_prefill_is_continued_by_the_user() -> None:
    body: Json = {"messages": PREFILL}
    again = mend(body, refused(NO_PREFILL))
    assert again == ({"messages": [*PREFILL, {"role": "user", "content": "Continue."}]}, "prefill-continued")
    assert len(body["messages"]) == 2


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("`temperature` is deprecated for this model.", "temperature"),
        ("Unsupported parameter: 'top_p' is not supported with this model.", "top_p"),
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", "temperature"),
    ],
)
def test_a_refused_field_that_only_fine_tunes_is_dropped(message: str, field: str) -> None:
    assert mend({"a": 1, field: 0.2}, refused(message)) == ({"a": 1}, "refused-field-dropped")


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "of another model"}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}


@pytest.mark.parametrize(
    "message",
    ["messages.1.content.0: Invalid `signature` in `thinking` block", "Invalid 'data' in 'redacted_thinking' block"],
)
def test_reasoning_of_another_model_is_forgotten(message: str) -> None:
    redacted = {"type": "redacted_thinking", "data": "x"}
    body: Json = {"messages": [{"role": "assistant", "content": [THOUGHT, redacted, CALL]}], "thinking": {"type": "enabled"}}
    forgotten = {"messages": [{"role": "assistant", "content": [CALL]}]}
    assert mend(body, refused(message)) == (forgotten, "thinking-forgotten")
    assert mend(forgotten, refused(message)) is None


def test_thinking_that_misses_a_thought_is_paused() -> None:
    problem = refused("messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.")
    assert mend({"a": 1, "thinking": {"type": "enabled"}}, problem) == ({"a": 1}, "thinking-paused")


@pytest.mark.parametrize("system", [None, "Be kind.", [{"type": "text", "text": "Be kind."}]])
def test_a_format_that_the_model_does_not_know_is_asked_for_in_words(system: object) -> None:
    problem = refused("output_config.format: structured outputs are not supported on this model")
    wanted = {"format": {"type": "json_schema", "schema": {"type": "object", "title": "Place"}}, "effort": "low"}
    again = mend({"output_config": wanted} | ({"system": system} if system else {}), problem)
    assert again is not None
    body, name = again
    assert (body["output_config"], name) == ({"effort": "low"}, "format-worded")
    assert [block["text"] for block in body["system"][:-1]] == (["Be kind."] if system else [])
    assert '"title":"Place"' in body["system"][-1]["text"]
    only = mend({"output_config": {"format": {}}}, problem)
    assert only is not None
    assert "output_config" not in only[0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"messages": PREFILL}, refused(NO_PREFILL, status=422)),
        ({"messages": PREFILL[:1]}, refused(NO_PREFILL)),
        ({"messages": []}, refused(NO_PREFILL)),
        ({}, refused("Expected `thinking` or `redacted_thinking`, but found `text`")),
        ({}, refused("output_config.format: structured outputs are not supported on this model")),
        ({"tools": []}, refused("Unsupported parameter: 'tools' is not supported")),
        ({"a": 1}, refused("`temperature` is deprecated for this model.")),
        ({"temperature": 1}, refused("the temperature of this room")),
    ],
)
def test_any_other_refusal_stands(body: Json, problem: UpstreamRefused) -> None:
    assert mend(body, problem) is None


def test_refusals_of_responses_have_mends_of_their_own() -> None:
    body: Json = {"input": [{"type": "message", "id": "msg_1", "role": "user", "content": "q"}]}
    problem = refused("input item 'msg_1' does not belong to this connection")
    again = mend(body, problem, "/responses")
    assert again is not None
    assert again[1] == "ids-forgotten"
    assert mend(body, problem) is None
    temperature = refused("Unsupported parameter: 'temperature' is not supported with this model.")
    assert mend({"temperature": 1}, temperature, "/responses") == ({}, "refused-field-dropped")
