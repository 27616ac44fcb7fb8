"""Pictures and documents of Gemini's clients."""

import base64
from typing import Any

import pytest

from copilot_api.errors import ClientMistake
from copilot_api.translate.documents import Document
from copilot_api.translate.fields import Fields
from copilot_api.translate.gemini_media import elsewhere, inline

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"


def url_of(shown: Fields | Document) -> Any:
    assert isinstance(shown, Fields)
    return shown.peek("url")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_picture_becomes_a_data_url_of_its_real_type() -> None:
    assert url_of(inline(Fields({"mimeType": "image/jpeg", "data": PNG}))) == f"data:image/png;base64,{PNG}"


def test_base64_in_pythons_other_alphabet_is_read() -> None:
    blob = Fields({"mimeType": "image/webp; charset=x", "data": "a-_b"})
    assert url_of(inline(blob)) == "data:image/webp;base64,a+/b"


@pytest.mark.parametrize(
    ("kind", "data", "document"),
    [
        ("application/pdf", "JVBE", Document(title="Plan", pdf="JVBE")),
        ("text/csv", encoded("a;b"), Document(title="Plan", text="a;b")),
        ("application/json", encoded("{}"), Document(title="Plan", text="{}")),
    ],
)
def test_documents_are_pdf_or_text(kind: str, data: str, document: Document) -> None:
    assert inline(Fields({"mimeType": kind, "data": data, "displayName": "Plan"})) == document


@pytest.mark.parametrize(
    ("blob", "param"),
    [
        ({"mimeType": "audio/wav", "data": "AAAA"}, "part.mimeType"),
        ({"mimeType": "image/heic", "data": "AAAA"}, "part.source.media_type"),
        ({"mimeType": "text/plain", "data": "not base64"}, "part.data"),
        ({"mimeType": "text/plain", "data": "/w=="}, "part.data"),
        ({"mimeType": "image/png"}, "part.data"),
        ({"data": "AAAA"}, "part.mimeType"),
    ],
)
def test_what_no_model_reads_is_refused_by_name(blob: Any, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        inline(Fields(blob, "part"))
    assert caught.value.param == param


def test_what_is_on_the_web_keeps_its_address() -> None:
    assert url_of(elsewhere(Fields({"mimeType": "image/png", "fileUri": "https://example.com/a.png"}))) == (
        "https://example.com/a.png"
    )
    pdf = {"mimeType": "application/pdf", "fileUri": "https://example.com/a.pdf", "displayName": "Plan"}
    assert elsewhere(Fields(pdf)) == Document(title="Plan", url="https://example.com/a.pdf")


@pytest.mark.parametrize(
    "file",
    [
        {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"},
        {"mimeType": "video/mp4", "fileUri": "https://www.youtube.com/watch?v=x"},
        {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"},
        {"mimeType": "image/png"},
    ],
)
def test_files_that_google_keeps_are_not_here(file: Any) -> None:
    with pytest.raises(ClientMistake) as caught:
        elsewhere(Fields(file, "part"))
    assert caught.value.param == "part.fileUri"
