"""What every request to /chat/completions holds beside its conversation."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import chat_body
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_choice import Choice
from copilot_api.translate.tools import Tool
from copilot_api.translate.writer import Called, Said
from tests.builders.models import model

PICTURE: Json = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def test_a_conversation_names_what_it_loses_in_the_clients_words() -> None:
    writer, fields = ChatWriter(model("gemini-3.8-flash")), Fields({})
    writer.user([dict(PICTURE) for _ in range(11)])
    writer.assistant([Said(text="It is")])
    messages = chat_body.conversation(fields, writer, "Be brief.", messages="input", picture="input_image")
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert set(fields.losses()) == {"input.prefill", "input.content.input_image"}


@pytest.mark.parametrize(("model_id", "offered"), [("claude-haiku-4.5", ["f"]), ("gpt-4.1", [])])
def test_only_claude_is_told_of_tools_that_are_not_offered_any_more(model_id: str, offered: list[str]) -> None:
    writer = ChatWriter(model(model_id))
    writer.assistant([Called(id="a", name="f")])
    said = chat_body.offered(Choice(), writer, model(model_id))
    assert [tool["function"]["name"] for tool in said.get("tools", [])] == offered
    assert said.get("tool_choice") == ("none" if offered else None)


def test_tools_are_offered_with_the_choice_among_them() -> None:
    tool = Tool(name="f", parameters={"type": "object", "properties": {}})
    said = chat_body.offered(Choice(mode="any", only=(tool,)), ChatWriter(model("gpt-4.1")), model("gpt-4.1"))
    assert ([tool["function"]["name"] for tool in said["tools"]], said["tool_choice"]) == (["f"], "required")


@pytest.mark.parametrize(("cap", "most"), [(None, 16_384), (100, 100), (99_999, 16_384)])
def test_the_most_output_is_the_lower_of_two_limits(cap: int | None, most: int) -> None:
    assert chat_body.most_output(cap, model("gpt-4.1")) == most


@pytest.mark.parametrize(
    ("model_id", "thinking", "sent", "losses"),
    [
        ("gpt-4.1", {"reasoning_effort": "low"}, {"temperature": 0.2, "top_p": 0.99}, []),
        ("claude-haiku-4.5", {}, {"temperature": 0.2, "top_p": 0.99}, []),
        ("claude-haiku-4.5", {"reasoning_effort": "none"}, {"temperature": 0.2, "top_p": 0.99}, []),
        ("claude-haiku-4.5", {"thinking_budget": 1024}, {"top_p": 0.99}, ["temperature"]),
    ],
)
def test_a_claude_that_thinks_has_hardly_any_choice(model_id: str, thinking: Json, sent: Json, losses: list[str]) -> None:
    fields = Fields({"temperature": 0.2, "top_p": 0.99})
    assert chat_body.sampling(fields, model(model_id), thinking) == sent
    assert list(fields.losses()) == losses


@pytest.mark.parametrize(
    ("stream", "sent"),
    [(None, {}), (False, {"stream": False}), (True, {"stream": True, "stream_options": {"include_usage": True}})],
)
def test_a_stream_is_asked_for_its_usage(stream: bool | None, sent: Json) -> None:
    assert chat_body.streamed(Fields({"stream": stream})) == sent


@pytest.mark.parametrize("fields", [{"temperature": -0.1}, {"temperature": 2.1}, {"top_p": 1.1}])
def test_a_number_out_of_range_is_the_clients_mistake(fields: Json) -> None:
    with pytest.raises(ClientMistake, match="must be between 0 and"):
        chat_body.sampling(Fields(fields), model("gpt-4.1"), {})
