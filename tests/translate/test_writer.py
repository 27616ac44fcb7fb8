"""Every endpoint has a writer, and all of them can be asked the same."""

from collections.abc import Callable

import pytest

from copilot_api.dialects.models import Model
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.fields import Fields
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.responses_writer import ResponsesWriter
from copilot_api.translate.writer import Called, Result, Said, Writer
from tests.builders.models import model

WRITERS: list[tuple[Callable[[Model], Writer], str, bool]] = [
    (ChatWriter, "gpt-4.1", False),
    (ChatWriter, "claude-haiku-4.5", True),
    (MessagesWriter, "claude-haiku-4.5", True),
    (ResponsesWriter, "gpt-5.3-codex", False),
]


@pytest.mark.parametrize(("make", "model_id", "takes_marks"), WRITERS)
def test_a_writer_takes_a_whole_conversation(make: Callable[[Model], Writer], model_id: str, takes_marks: bool) -> None:
    writer = make(model(model_id))
    assert writer.takes_marks is takes_marks
    writer.instruct([writer.text("Be kind.")])
    was_empty = writer.is_empty
    picture = writer.picture(Fields({"url": "https://example.com/a.png"}), "url")
    writer.user([writer.text("Look:"), picture])
    assert (was_empty, writer.is_empty) == (True, False)
    assert writer.thought("hm", "foreign") == {}
    writer.assistant([Said(text="I will."), Called(id="a", name="f", arguments="{}")])
    writer.result(Result(id="a", parts=[writer.text("1")]))


@pytest.mark.parametrize(("make", "model_id", "takes_marks"), WRITERS)
def test_the_picture_is_taken_and_has_to_be_there(make: Callable[[Model], Writer], model_id: str, takes_marks: bool) -> None:
    holder = Fields({"url": "https://example.com/a.png"})
    make(model(model_id)).picture(holder, "url")
    assert list(holder.losses()) == []
    with pytest.raises(Exception, match="url: is required"):
        make(model(model_id)).picture(Fields({}), "url")
