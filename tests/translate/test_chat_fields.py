"""What a chat request says beside its conversation, taken for endpoints that say it in other words."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import chat_fields
from copilot_api.translate.fields import Fields


@pytest.mark.parametrize("several", [None, 0, 1, 1.0])
def test_one_answer_is_what_there_is(several: float | None) -> None:
    fields = Fields({"n": several})
    chat_fields.refuse_several(fields)
    assert list(fields.losses()) == []


def test_several_answers_are_refused() -> None:
    with pytest.raises(ClientMistake, match="n: only one answer"):
        chat_fields.refuse_several(Fields({"n": 2}))


@pytest.mark.parametrize(
    ("fields", "cap"),
    [({}, None), ({"max_tokens": 5}, 5), ({"max_tokens": 5, "max_completion_tokens": 7}, 7)],
)
def test_the_newer_name_of_the_cap_counts(fields: Json, cap: int | None) -> None:
    assert chat_fields.cap(Fields(fields)) == cap


def test_a_cap_of_nothing_is_refused() -> None:
    with pytest.raises(ClientMistake, match="must be at least 1"):
        chat_fields.cap(Fields({"max_tokens": 0}))


@pytest.mark.parametrize(
    ("fields", "user"),
    [({}, ""), ({"user": "u"}, "u"), ({"user": "u", "safety_identifier": "s"}, "s"), ({"safety_identifier": ""}, "")],
)
def test_the_newer_name_of_the_user_counts(fields: Json, user: str) -> None:
    assert chat_fields.user(Fields(fields)) == user


@pytest.mark.parametrize(("stream", "said"), [(None, {}), (True, {"stream": True}), (False, {"stream": False})])
def test_usage_on_the_stream_is_settled_elsewhere(stream: bool | None, said: Json) -> None:
    fields = Fields({"stream": stream, "stream_options": {"include_usage": True, "include_obfuscation": True}})
    assert chat_fields.streamed(fields) == said
    assert list(fields.losses()) == ["stream_options.include_obfuscation"]
