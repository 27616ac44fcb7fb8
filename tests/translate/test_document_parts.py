"""Documents are shown where they can be, named where they cannot, and refused where nothing else is left."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate.chat_writer import ChatWriter
from copilot_api.translate.document_parts import DocumentParts
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from tests.builders.models import model

GPT = model("gpt-4.1")


def parts_of(document: Document) -> tuple[list[Json], list[str], DocumentParts]:
    holder = Fields({"more": 1}, "messages.0.content.0")
    documents = DocumentParts(GPT, ChatWriter(GPT))
    return documents.of(document, holder, "file"), list(holder.losses()), documents


def test_what_is_shown_is_not_lost() -> None:
    parts, losses, documents = parts_of(Document(text="Body."))
    assert parts == [{"type": "text", "text": "Body."}]
    assert losses == ["messages.content.more"]
    documents.check(parts, "messages.0.content")


def test_what_is_not_shown_is_lost_as_a_whole_and_named_in_its_place() -> None:
    parts, losses, documents = parts_of(Document(title="Plan", pdf="JVBE"))
    assert parts == [{"type": "text", "text": "[document: Plan omitted]"}]
    assert losses == ["messages.content.file"]
    documents.check([*parts, {"type": "text", "text": "Sum it up."}], "messages.0.content")
    documents.check([], "messages.0.content")
    with pytest.raises(ClientMistake, match=r"gpt-4\.1 cannot read PDF") as caught:
        documents.check(parts, "messages.0.content")
    assert (caught.value.param, caught.value.code) == ("messages.0.content", "unsupported_value")
    assert caught.value.hint
    documents.check([{"type": "text", "text": "[document: Plan omitted]"}], "messages.0.content")  # somebody's own words
