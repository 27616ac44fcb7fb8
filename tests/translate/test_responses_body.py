"""What every request to /responses holds beside its conversation."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import responses_body
from copilot_api.translate.fields import Fields
from copilot_api.translate.responses_writer import ResponsesWriter
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tools import Tool
from copilot_api.translate.writer import Said, Thought
from tests.builders.models import model

THOUGHT: Json = {"type": "reasoning", "summary": [], "encrypted_content": "e"}


def test_a_conversation_names_what_it_loses_in_the_clients_words() -> None:
    writer, fields = ResponsesWriter(model("gpt-5.3-codex")), Fields({})
    writer.instruct([writer.text("Be kind.")])
    writer.user([writer.text("Hei!")])
    writer.assistant([Said(text="a"), Thought(part=THOUGHT)])
    said = responses_body.conversation(fields, writer, "Be brief.", messages="messages", thinking="reasoning")
    assert said["instructions"] == "Be kind.\n\nBe brief."
    assert [item["role"] for item in said["input"]] == ["user", "assistant", "user"]
    assert set(fields.losses()) == {"messages.prefill", "messages.reasoning"}


def test_without_instructions_there_is_no_field_for_them() -> None:
    writer = ResponsesWriter(model("gpt-5.3-codex"))
    writer.user([writer.text("Hei!")])
    fields = Fields({})
    assert list(responses_body.conversation(fields, writer, "", messages="x", thinking="y")) == ["input"]
    assert not list(fields.losses())


@pytest.mark.parametrize(
    ("asked", "sent", "losses"), [(None, {}, []), (16, {"max_output_tokens": 16}, []), (1, {"max_output_tokens": 16}, ["cap"])]
)
def test_a_cap_below_the_least_is_raised(asked: int | None, sent: Json, losses: list[str]) -> None:
    fields = Fields({})
    assert responses_body.cap(fields, asked, "cap") == sent
    assert list(fields.losses()) == losses


def test_tools_are_offered_with_the_choice_among_them() -> None:
    tool = Tool(name="f", parameters={"type": "object", "properties": {}})
    offered = responses_body.offered(Choice(mode="any", only=(tool,), one_at_a_time=True))
    assert [tool["name"] for tool in offered["tools"]] == ["f"]
    assert (offered["tool_choice"], offered["parallel_tool_calls"]) == ("required", False)
    assert responses_body.offered(Choice(mode="any")) == {}


@pytest.mark.parametrize(("number", "losses"), [(None, []), (1, []), (1.0, []), (0, ["temperature"])])
def test_sampling_is_not_taken(number: float | None, losses: list[str]) -> None:
    fields = Fields({"temperature": number})
    responses_body.drop_sampling(fields)
    assert list(fields.losses()) == losses


def test_format_and_verbosity_share_a_field() -> None:
    assert responses_body.text({}, {}) == {}
    assert responses_body.text({"format": {}}, {"verbosity": "low"}) == {"text": {"format": {}, "verbosity": "low"}}


def test_the_cache_key_is_the_clients_or_says_how_the_conversation_begins() -> None:
    said: Json = {"instructions": "Be kind.", "input": [{"role": "user"}, {"role": "assistant"}]}
    assert responses_body.cache_key("k", said) == {"prompt_cache_key": "k"}
    own = responses_body.cache_key("", said)
    assert own == responses_body.cache_key("", said | {"input": said["input"][:1]})
    assert own != responses_body.cache_key("", said | {"instructions": None})
    assert len(own["prompt_cache_key"]) == 64
