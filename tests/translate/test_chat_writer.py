"""What a chat message can hold of a conversation, whoever told it."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import carrier, notes
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.writer import Called, Result, Said, Thought
from tests.builders.models import model

MARK = {"cache_control": {"type": "ephemeral"}}
SENT_MARK = {"copilot_cache_control": {"type": "ephemeral"}}


def writer(model_id: str = "gpt-4.1") -> ChatWriter:
    return ChatWriter(model(model_id))


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def test_what_leads_is_one_system_message_with_the_last_instruction_last() -> None:
    talk = writer()
    talk.instruct([text("a"), text("b") | MARK])
    talk.instruct([text("c")])
    talk.user([text("Hei!")])
    system, user = talk.messages("d")
    assert system == {"role": "system", "content": "a\n\nb\n\nc\n\nd"} | SENT_MARK
    assert user == {"role": "user", "content": "Hei!"}


def test_without_instructions_there_is_no_system_message() -> None:
    talk = writer()
    talk.instruct([])
    talk.user([text("Hei!")])
    assert talk.messages() == [{"role": "user", "content": "Hei!"}]


def test_marks_of_parts_go_to_their_message() -> None:
    talk = writer("claude-haiku-4.5")
    talk.user([text("a") | MARK, text("b")])
    talk.assistant([Said(text="c", marked=True)])
    talk.user([text("d")])
    talk.assistant([Called(id="x", name="f", marked=True)])
    talk.result(Result(id="x", parts=[text("1") | MARK]))
    assert [message.get("copilot_cache_control") is not None for message in talk.messages()] == [True, True, False, True, True]


@pytest.mark.parametrize(("model_id", "blank"), [("gpt-4.1", ""), ("claude-haiku-4.5", notes.NO_OUTPUT)])
def test_only_claude_has_to_be_told_that_there_is_no_output(model_id: str, blank: str) -> None:
    talk = writer(model_id)
    talk.user([text("go")])
    talk.assistant([Called(id="x", name="f")])
    talk.result(Result(id="x", parts=[]))
    assert talk.messages()[2] == {"role": "tool", "tool_call_id": "x", "content": blank}


def test_words_that_stand_apart_are_set_apart() -> None:
    talk = writer()
    talk.user([text("go")])
    talk.assistant([Said(text="a", apart=True), Said(text="b"), Said(text="c", apart=True)])
    talk.user([text("on")])
    assert talk.messages()[1]["content"] == "ab\n\nc"


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        (Document(title="T", text="Body."), [text("T\nBody.")]),
        (Document(text=" "), []),
        (Document(pdf="JVBE"), None),
        (Document(url="https://example.com/a.pdf"), None),
    ],
)
def test_only_text_is_read(document: Document, parts: list[Json] | None) -> None:
    assert writer().document(document) == parts


@pytest.mark.parametrize(
    ("holder", "detail", "losses"),
    [({}, {}, []), ({"detail": "low"}, {"detail": "low"}, []), ({"detail": "original"}, {"detail": "high"}, ["detail"])],
)
def test_a_picture_is_looked_at_as_closely_as_chat_can(holder: Json, detail: Json, losses: list[str]) -> None:
    fields = Fields(holder | {"url": "https://example.com/a.png"})
    assert writer().picture(fields, "url") == {"type": "image_url", "image_url": {"url": "https://example.com/a.png"} | detail}
    assert list(fields.losses()) == losses


def sealed(opaque: str) -> str:
    return carrier.pack(opaque, origin="c", family="gpt-4.1")


def test_there_is_room_for_one_thought_in_an_answer() -> None:
    talk = writer()
    talk.user([text("go")])
    first = talk.thought("hm", sealed("o"))
    assert first == {"reasoning_text": "hm", "reasoning_opaque": "o"}
    assert talk.thought("so", sealed("p")) == {}
    assert talk.thought("", sealed("p")) == {}
    talk.assistant([Thought(part=first), Said(text="a")])
    assert talk.thought("so", sealed("p")) == {"reasoning_text": "so", "reasoning_opaque": "p"}
    talk.user([text("on")])
    assert talk.messages()[1] == {"role": "assistant", "content": "a"} | first


def test_a_late_seal_joins_its_text() -> None:
    talk = writer()
    talk.user([text("go")])
    shown, seal = talk.thought("hm", sealed("")), talk.thought("", sealed("o"))
    assert (shown, seal) == ({"reasoning_text": "hm"}, {"reasoning_opaque": "o"})
    talk.assistant([Thought(part=shown), Said(text="a"), Thought(part=seal)])
    assert talk.messages()[1] == {"role": "assistant", "content": "a", "reasoning_text": "hm", "reasoning_opaque": "o"}


@pytest.mark.parametrize("foreign", ["", None, "x", carrier.pack("s", origin="m", family="gpt-4.1"), sealed("")])
def test_what_this_model_did_not_think_is_no_thought(foreign: object) -> None:
    assert writer().thought("", foreign) == {}
