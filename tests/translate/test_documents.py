"""Documents: text where the other side has only text, PDF where it has PDF, refused where neither helps."""

import base64
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import documents
from copilot_api.translate.fields import Fields


def text_of(block: Json) -> str | None:
    return documents.text_of(Fields(block, "messages.0.content.0"))


def block_of(file: Any) -> Json:
    return documents.block_of(Fields(file, "messages.0.content.0.file"))


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"source": {"type": "text", "media_type": "text/plain", "data": "Body."}}, "Body."),
        ({"title": "Plan", "source": {"type": "text", "data": "Body."}}, "Plan\nBody."),
        ({"title": "Plan", "context": "From 2025.", "source": {"type": "text", "data": "Body."}}, "Plan\nFrom 2025.\nBody."),
        ({"source": {"type": "content", "content": "Body."}}, "Body."),
        (
            {"source": {"type": "content", "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]}},
            "One.\n\nTwo.",
        ),
        ({"source": {"type": "content", "content": [{"type": "image", "source": {}}]}}, ""),
    ],
)
def test_a_document_of_text_becomes_text(block: Json, text: str) -> None:
    assert text_of(block) == text


@pytest.mark.parametrize(
    "source",
    [
        {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        {"type": "url", "url": "https://example.com/a.pdf"},
    ],
)
def test_a_pdf_cannot_become_text(source: Json) -> None:
    assert text_of({"source": source, "title": "Plan"}) is None


@pytest.mark.parametrize("source", [{"type": "file", "file_id": "file_1"}, {}, None])
def test_a_document_that_is_not_there_is_refused(source: Any) -> None:
    with pytest.raises(ClientMistake, match="cannot be sent"):
        text_of({"source": source})


def test_a_search_result_becomes_title_source_and_text() -> None:
    block = {"title": "Oslo", "source": "https://example.com", "content": [{"type": "text", "text": "A city."}]}
    assert documents.search_result(Fields(block)) == "Oslo\nhttps://example.com\nA city."


def test_a_pdf_file_becomes_a_document() -> None:
    file = {"filename": "plan.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    assert block_of(file) == {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        "title": "plan.pdf",
    }


def test_a_text_file_becomes_a_document_of_text() -> None:
    data = base64.b64encode("Blåbær".encode()).decode()
    assert block_of({"file_data": f"data:text/csv;charset=utf-8;base64,{data}"}) == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Blåbær"},
    }


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ({"file_id": "file-1"}, "files are not kept"),
        ({"filename": "a.pdf"}, "file_data: is required"),
        ({"file_data": "JVBERi0="}, "must be a base64 data URL"),
        ({"file_data": "data:text/plain,raw"}, "must be a base64 data URL"),
        ({"file_data": "data:application/zip;base64,UEs="}, "'application/zip' is neither PDF nor text"),
        ({"file_data": "data:text/plain;base64,////"}, "is not base64 of UTF-8 text"),
        ({"file_data": "data:text/plain;base64,*"}, "is not base64 of UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(file: Json, says: str) -> None:
    with pytest.raises(ClientMistake, match=says) as caught:
        block_of(file)
    assert caught.value.param.startswith("messages.0.content.0.file.")
