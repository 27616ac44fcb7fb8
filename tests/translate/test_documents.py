"""Documents: text where the other side has only text, PDF where it has PDF, refused where neither helps."""

import base64
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import documents
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields


def of_block(block: Json) -> Document:
    return documents.of_block(Fields(block, "messages.0.content.0"))


def of_file(file: Any) -> Document:
    return documents.of_file(Fields(file, "messages.0.content.0.file"))


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
    assert of_block(block).words == text


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}, Document(title="Plan", pdf="JVBERi0=")),
        ({"type": "url", "url": "https://example.com/a.pdf"}, Document(title="Plan", url="https://example.com/a.pdf")),
    ],
)
def test_a_pdf_is_no_text(source: Json, found: Document) -> None:
    assert of_block({"source": source, "title": "Plan"}) == found


@pytest.mark.parametrize("source", [{"type": "file", "file_id": "file_1"}, {}, None])
def test_a_document_that_is_not_there_is_refused(source: Any) -> None:
    with pytest.raises(ClientMistake, match="cannot be sent"):
        of_block({"source": source})


def test_a_search_result_becomes_title_source_and_text() -> None:
    block = {"title": "Oslo", "source": "https://example.com", "content": [{"type": "text", "text": "A city."}]}
    assert documents.search_result(Fields(block)) == "Oslo\nhttps://example.com\nA city."


def test_a_pdf_file_is_a_document_with_a_title() -> None:
    file = {"filename": "plan.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}
    assert of_file(file) == Document(title="plan.pdf", pdf="JVBERi0=")


def test_a_text_file_is_read() -> None:
    data = base64.b64encode("Blåbær".encode()).decode()
    assert of_file({"file_data": f"data:text/csv;charset=utf-8;base64,{data}"}) == Document(text="Blåbær")


def test_a_file_on_the_web_keeps_its_address() -> None:
    assert of_file({"file_url": "https://example.com/a.pdf"}) == Document(url="https://example.com/a.pdf")


@pytest.mark.parametrize(
    ("document", "written"),
    [
        (
            Document(title="plan.pdf", pdf="JVBERi0="),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
                "title": "plan.pdf",
            },
        ),
        (
            Document(text="Body."),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Body."}},
        ),
        (
            Document(url="https://example.com/a.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        ),
    ],
)
def test_a_document_as_anthropic_takes_it(document: Document, written: Json) -> None:
    assert documents.for_messages(document) == written


@pytest.mark.parametrize(
    ("document", "written"),
    [
        (Document(title="Plan", pdf="JVBE"), {"filename": "Plan.pdf", "file_data": "data:application/pdf;base64,JVBE"}),
        (Document(title="a.PDF", pdf="JVBE"), {"filename": "a.PDF", "file_data": "data:application/pdf;base64,JVBE"}),
        (Document(pdf="JVBE"), {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"}),
    ],
)
def test_a_pdf_as_responses_takes_it(document: Document, written: Json) -> None:
    assert documents.for_responses(document) == {"type": "input_file"} | written


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
        of_file(file)
    assert caught.value.param.startswith("messages.0.content.0.file.")
