"""What every request to /v1/messages holds beside its conversation."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.translate import messages_body
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tools import Tool
from copilot_api.translate.writer import Called, Said
from tests.builders.models import model

OPUS = model("claude-opus-5")
MARK = {"cache_control": {"type": "ephemeral"}}
TOOL = Tool(name="f", parameters={"type": "object", "properties": {}})


def conversation(writer: MessagesWriter, choice: Choice | None = None) -> tuple[Json, set[str]]:
    fields = Fields({})
    said = messages_body.conversation(fields, writer, choice or Choice(), OPUS, messages="input", picture="input_image")
    return said, set(fields.losses())


@pytest.mark.parametrize(
    ("asked", "limit", "cap"), [(100, None, 100), (None, 32_000, 32_000), (None, 128_000, 64_000), (None, None, 4096)]
)
def test_a_cap_is_filled_in_within_reason(asked: int | None, limit: int | None, cap: int) -> None:
    assert messages_body.cap(asked, Model(id="claude-x", max_output=limit)) == cap


def test_a_conversation_without_marks_gets_some() -> None:
    writer = MessagesWriter(OPUS)
    writer.instruct([writer.text("Be kind.")])
    writer.user([writer.text("Hei!")])
    said, losses = conversation(writer)
    assert said["system"][-1] == {"type": "text", "text": "Be kind."} | MARK
    assert said["messages"][-1]["content"][-1] == {"type": "text", "text": "Hei!"} | MARK
    assert not losses


def test_a_conversation_with_too_many_marks_keeps_the_newest() -> None:
    writer = MessagesWriter(OPUS)
    writer.user([writer.text("a") | MARK for _ in range(5)])
    said, losses = conversation(writer)
    assert ["cache_control" in block for block in said["messages"][0]["content"]] == [False, True, True, True, True]
    assert losses == {"input.content.cache_control"}


def test_what_is_lost_has_the_clients_names() -> None:
    writer = MessagesWriter(OPUS)
    writer.user([writer.picture(Fields({"url": "https://example.com/a.png"}), "url") for _ in range(21)])
    writer.assistant([Said(text="It is")])
    assert conversation(writer)[1] == {"input.prefill", "input.content.input_image"}


@pytest.mark.parametrize(
    ("choice", "names", "chosen"),
    [
        (Choice(), ["g"], {"type": "none"}),
        (Choice(only=(TOOL,)), ["f"], None),
        (Choice(only=(TOOL,), mode="any"), ["f"], {"type": "any"}),
    ],
)
def test_tools_on_offer_or_else_those_that_were_called(choice: Choice, names: list[str], chosen: Json | None) -> None:
    writer = MessagesWriter(OPUS)
    writer.user([writer.text("go")])
    writer.assistant([Called(id="a", name="g")])
    said, _ = conversation(writer, choice)
    assert [tool["name"] for tool in said["tools"]] == names
    assert said.get("tool_choice") == chosen


@pytest.mark.parametrize(
    ("fields", "thinking", "sent", "losses"),
    [
        ({"temperature": 0.2}, {}, {"temperature": 0.2}, []),
        ({"temperature": 2}, {}, {"temperature": 1}, ["temperature"]),
        ({"temperature": 0.2, "top_p": 0.99}, {"thinking": {"type": "adaptive"}}, {"top_p": 0.99}, ["temperature"]),
        ({"temperature": 0.2}, {"thinking": {"type": "disabled"}}, {"temperature": 0.2}, []),
    ],
)
def test_sampling_within_anthropics_bounds(fields: Json, thinking: Json, sent: Json, losses: list[str]) -> None:
    taken = Fields(fields)
    assert messages_body.sampling(taken, thinking) == sent
    assert list(taken.losses()) == losses


def test_wishes_share_a_field() -> None:
    assert messages_body.configured({}, {}) == {}
    assert messages_body.configured({"format": {}}, {"effort": "low"}) == {"output_config": {"format": {}, "effort": "low"}}
