"""What Anthropic's blocks can hold of a conversation, whoever told it."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate import carrier, notes
from copilot_api.translate.documents import Document
from copilot_api.translate.messages_writer import MessagesWriter
from copilot_api.translate.writer import Called, Piece, Result, Said, Thought
from tests.builders.models import model

OPUS = "claude-opus-5"
MARK = {"cache_control": {"type": "ephemeral"}}
THINKING: Json = {"type": "thinking", "thinking": "hm", "signature": "s"}


def writer() -> MessagesWriter:
    return MessagesWriter(model(OPUS))


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def answer(*pieces: Piece) -> list[Json]:
    talk = writer()
    talk.user([text("go")])
    talk.assistant(pieces)
    content: list[Json] = talk.history.messages()[1]["content"]
    return content


def result(*parts: Json, **fields: Any) -> Json:
    talk = writer()
    talk.user([text("go")])
    talk.assistant([Called(id="a", name="f")])
    talk.result(Result(id="a", parts=parts, **fields))
    block: Json = talk.history.messages()[2]["content"][0]
    return block


def test_instructions_lead_or_remind() -> None:
    talk = writer()
    talk.instruct([text("a") | MARK, text("b")])
    talk.user([text("Hei!")])
    talk.instruct([text("c") | MARK])
    assert talk.history.system == [text("a") | MARK, text("b")]
    assert talk.history.messages()[0]["content"] == [text("Hei!"), text(notes.reminder("c")) | MARK]


@pytest.mark.parametrize(
    ("parts", "fields", "block"),
    [
        ([], {}, {}),
        ([text("1")], {}, {"content": "1"}),
        ([text("1"), text("2")], {}, {"content": [text("1"), text("2")]}),
        ([text("1") | MARK], {}, {"content": "1"} | MARK),
        ([], {"marked": True}, MARK),
        ([text("no")], {"is_error": True}, {"content": "no", "is_error": True}),
    ],
)
def test_a_result_in_anthropics_words(parts: list[Json], fields: Json, block: Json) -> None:
    assert result(*parts, **fields) == {"type": "tool_result", "tool_use_id": "a"} | block


def test_thoughts_come_first_and_calls_last() -> None:
    called = {"type": "tool_use", "id": "a", "name": "f", "input": {"n": 1}}
    later = THINKING | {"signature": "t"}
    pieces = (
        Said(text="a", marked=True),
        Thought(part=THINKING),
        Called(id="a", name="f", arguments='{"n": 1}'),
        Said(text="b"),
        Thought(part=later),
    )
    assert answer(*pieces) == [THINKING, text("a") | MARK, text("b"), later, called]


def test_a_thought_does_not_have_the_last_word() -> None:
    assert answer(Said(text="a"), Thought(part=THINKING)) == [text("a")]


def test_thoughts_alone_are_no_answer() -> None:
    talk = writer()
    talk.user([text("go")])
    talk.assistant([Thought(part=THINKING), Thought(part=THINKING)])
    assert len(talk.history.messages()) == 1


def test_free_text_is_wrapped_and_broken_arguments_are_none() -> None:
    blocks = answer(Called(id="a", name="f", free_text="x"), Called(id="b", name="f", arguments="{broken"))
    assert [block["input"] for block in blocks] == [{"input": "x"}, {}]


@pytest.mark.parametrize(
    ("sealed", "part"),
    [
        (carrier.pack("s", origin="m", family=OPUS), THINKING),
        (carrier.pack("d", origin="redacted", family=OPUS), {"type": "redacted_thinking", "data": "d"}),
        (carrier.pack("s", origin="m", family="claude-haiku-4.5"), {}),
        (carrier.pack("", origin="m", family=OPUS), {}),
        (None, {}),
    ],
)
def test_only_what_this_family_signed_is_a_thought(sealed: object, part: Json) -> None:
    assert writer().thought("hm", sealed) == part


def test_a_blank_document_is_none() -> None:
    assert writer().document(Document(title="T", text=" ")) == []
    assert writer().document(Document(pdf="JVBE")) == [
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}
    ]
