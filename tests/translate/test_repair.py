"""The table: same object when there is nothing to do, a new one when there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps
from copilot_api.errors import CopilotApiError
from copilot_api.translate.repair import Endpoint, Repair, Target, each, mended, without
from copilot_api.translate.repair_requests import REQUESTS
from tests.builders.models import MODELS, model

TARGET = Target(model=model("gpt-4.1"), stream=False)


def shout(body: Json, _target: Target) -> Json:
    return body | {"text": body["text"].upper()} if body["text"].islower() else body


TABLE = (
    Repair(name="shout", when="", does="", source="", mend=shout),
    Repair(name="trim", when="", does="", source="", mend=lambda b, _: without(b, "x")),
)


def test_only_what_fires_is_named_and_in_order() -> None:
    assert mended({"text": "a", "x": 1}, TARGET, TABLE) == ({"text": "A"}, ("shout", "trim"))
    assert mended({"text": "A", "x": 1}, TARGET, TABLE) == ({"text": "A"}, ("trim",))


def test_what_needs_no_mending_is_the_same_object() -> None:
    body = {"text": "A"}
    assert mended(body, TARGET, TABLE) == (body, ())
    assert mended(body, TARGET, TABLE)[0] is body


def test_each_mends_objects_and_leaves_out_what_is_none() -> None:
    body = {"items": [{"a": 1}, "text", {"b": 2}]}
    assert each(body, "items", lambda item: None if "a" in item else item) == {"items": ["text", {"b": 2}]}
    assert each(body, "items", lambda item: item) is body
    assert each({"items": "no list"}, "items", lambda item: item) == {"items": "no list"}


def test_every_repair_has_a_name_of_its_own_a_sentence_and_a_source() -> None:
    for table in REQUESTS.values():
        assert len({repair.name for repair in table}) == len(table)
        assert all(repair.does and repair.source for repair in table)


KEYS = [
    "messages", "role", "content", "type", "text", "tools", "function", "tool_choice", "thinking", "system", "cache_control",
    "output_config", "effort", "max_tokens", "budget_tokens", "temperature", "name", "input_schema", "signature", "tool_calls",
    "tool_call_id", "tool_use_id", "id", "arguments", "input", "source", "data", "media_type", "image_url", "url",
]  # fmt: skip
WORDS = [
    "user",
    "assistant",
    "system",
    "tool_result",
    "thinking",
    "text",
    "enabled",
    "adaptive",
    "high",
    " ",
    "ephemeral",
    "any",
    "tool",
    "tool_use",
    "function",
    "image",
    "image_url",
    "base64",
    "data:image/png;base64,/9j/4AAQSkZJRgABAQEA",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99_999) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


@pytest.mark.parametrize("endpoint", REQUESTS)
@given(body=st.dictionaries(st.sampled_from(KEYS), ODD, max_size=6), id_=st.sampled_from(sorted(MODELS)), stream=st.booleans())
def test_no_body_however_odd_breaks_the_table(endpoint: Endpoint, body: Json, id_: str, stream: bool) -> None:
    before = dumps(body)
    target = Target(model=model(id_), stream=stream)
    try:
        after, fired = mended(body, target, REQUESTS[endpoint])
    except CopilotApiError:
        return
    assert dumps(body) == before, "a repair changed the client's own body"
    assert (after is body) == (not fired)
    again, _ = mended(after, target, REQUESTS[endpoint])
    assert again == after, "a second round finds nothing left to do"


def test_what_is_named_twice_is_left_out_once() -> None:
    assert without({"a": 1, "b": 2}, "a", "a", "c") == {"b": 2}
