"""What the parts and items of a conversation look like on /responses, read from Anthropic's clients and from OpenAI's."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier, notes
from copilot_api.translate.chat_to_responses import request as from_chat
from copilot_api.translate.messages_to_responses import request as from_messages
from copilot_api.translate.sealed import seal
from tests.builders.models import model

CODEX = model("gpt-5.3-codex")
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
IMAGE: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG.split(",")[1]}}
PICTURE: Json = {"type": "input_image", "image_url": PNG, "detail": "auto"}
PDF: Json = {"type": "document", "title": "Plan", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}}
FILE: Json = {"type": "input_file", "filename": "Plan.pdf", "file_data": "data:application/pdf;base64,JVBE"}
GO: Json = {"role": "user", "content": "go"}


def messages(*talk: Json, model_id: str = "gpt-5.3-codex") -> list[Json]:
    items: list[Json] = from_messages({"messages": list(talk)}, model(model_id)).body["input"]
    return items


def chat(*talk: Json, model_id: str = "gpt-5.3-codex") -> list[Json]:
    items: list[Json] = from_chat({"messages": list(talk)}, model(model_id)).body["input"]
    return items


def said(*parts: Json, role: str = "user") -> Json:
    return {"type": "message", "role": role, "content": list(parts)}


def text(words: str) -> Json:
    return {"type": "text", "text": words}


def sent(words: str) -> Json:
    return {"type": "input_text", "text": words}


def user(*blocks: Json) -> Json:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


def use(id_: str = "a") -> Json:
    return {"type": "tool_use", "id": id_, "name": "f", "input": {"n": 1}}


def result(content: Any, **fields: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": "a", "content": content} | fields


def output_of(*blocks: Json) -> list[Json]:
    """What follows the call that these results answer."""
    return messages(GO, assistant(use()), user(*blocks))[2:]


# What a user says and shows


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (text("Hei!"), sent("Hei!")),
        (IMAGE, PICTURE),
        ({"type": "image", "source": {"type": "url", "url": "https://e.com/a"}}, PICTURE | {"image_url": "https://e.com/a"}),
        (PDF, FILE),
        ({"type": "document", "title": "T", "source": {"type": "text", "data": "Body."}}, sent("T\nBody.")),
        ({"type": "search_result", "title": "T", "source": "S", "content": [text("Found.")]}, sent("T\nS\nFound.")),
    ],
)
def test_what_a_user_of_anthropics_shows_and_says(block: Json, part: Json) -> None:
    assert messages(user(block)) == [said(part)]


@pytest.mark.parametrize(
    ("part", "becomes"),
    [
        (text("Hei!"), sent("Hei!")),
        ({"type": "image_url", "image_url": {"url": PNG}}, PICTURE),
        ({"type": "image_url", "image_url": PNG}, PICTURE),
        ({"type": "image_url", "image_url": {"url": PNG, "detail": "high"}}, PICTURE | {"detail": "high"}),
        ({"type": "file", "file": {"filename": "Plan.pdf", "file_data": "data:application/pdf;base64,JVBE"}}, FILE),
        ({"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64,SGVpIQ=="}}, sent("a.txt\nHei!")),
    ],
)
def test_what_a_user_of_openais_shows_and_says(part: Json, becomes: Json) -> None:
    assert chat(user(part)) == [said(becomes)]


def test_a_blank_document_says_nothing() -> None:
    assert messages(user(text("a"), {"type": "document", "source": {"type": "text", "data": " "}})) == [said(sent("a"))]


@pytest.mark.parametrize(
    ("block", "model_id"),
    [(PDF, "gpt-unseeing"), (PDF | {"source": {"type": "url", "url": "https://e.com/a.pdf"}}, "gpt-5.3-codex")],
)
def test_a_document_that_cannot_be_seen_is_named(block: Json, model_id: str) -> None:
    blind = CODEX if model_id == CODEX.id else type(CODEX)(id=model_id, vendor="OpenAI")
    done = from_messages({"messages": [user(text("Sum up."), block)]}, blind)
    assert done.body["input"] == [said(sent("Sum up."), sent("[document: Plan omitted]"))]
    assert done.losses == {"messages.content.document"}
    with pytest.raises(ClientMistake, match="cannot read PDF"):
        from_messages({"messages": [user(block)]}, blind)


# What the assistant says and does


def test_an_answer_keeps_the_order_of_anthropics_blocks() -> None:
    arguments = {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"n":1}'}
    parts = [{"type": "output_text", "text": words, "annotations": []} for words in "bcd"]
    talk = [GO, assistant(text("b"), text("c"), use(), text("d")), user(result("1"))]
    assert messages(*talk)[1:4] == [said(*parts[:2], role="assistant"), arguments, said(parts[2], role="assistant")]


def test_arguments_of_openais_clients_are_sent_as_they_were_written() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"big": 12345678901234567890}'}}
    blank = {"id": "b", "type": "function", "function": {"name": "f", "arguments": ""}}
    items = chat(GO, {"role": "assistant", "content": "a", "tool_calls": [call, blank]})
    assert [item["arguments"] for item in items[2:4]] == ['{"big": 12345678901234567890}', "{}"]


def test_a_refusal_stays_one() -> None:
    refusal = {"type": "refusal", "refusal": "No."}
    for message in ({"role": "assistant", "refusal": "No."}, {"role": "assistant", "content": [refusal]}):
        assert chat(GO, message, GO)[1] == said(refusal, role="assistant")


# What tools give back


@pytest.mark.parametrize(
    ("block", "output"),
    [
        (result("1"), "1"),
        (result([text("a"), text("b")]), "a\n\nb"),
        (result(None), ""),
        (result("no", is_error=True), "Error: no"),
        (result("Error: no", is_error=True), "Error: no"),
        (result("", is_error=True), f"Error: {notes.NO_OUTPUT}"),
        (result([{"type": "tool_reference", "tool_name": "g"}]), "Tool available: g"),
    ],
)
def test_the_output_of_a_call_is_text(block: Json, output: str) -> None:
    assert output_of(block) == [{"type": "function_call_output", "call_id": "a", "output": output}]


@pytest.mark.parametrize(("block", "part"), [(IMAGE, PICTURE), (PDF, FILE)])
def test_what_no_text_holds_follows_the_outputs(block: Json, part: Json) -> None:
    below = [
        {"type": "function_call_output", "call_id": "a", "output": notes.IMAGE_BELOW},
        said(sent(notes.attached("a")), part),
    ]
    assert output_of(result([block])) == below


def test_results_come_before_what_is_said_beside_them() -> None:
    output = {"type": "function_call_output", "call_id": "a", "output": "1"}
    assert output_of(text("Hm."), result("1"), text("So?")) == [output, said(sent("Hm."), sent("So?"))]


# Instructions


def test_leading_instructions_of_openais_clients_lead() -> None:
    leading = [{"role": "system", "content": "Be kind."}, {"role": "developer", "content": [text("Be brief."), text("Now.")]}]
    body = from_chat({"messages": [*leading, GO, {"role": "system", "content": "Be quick."}]}, CODEX).body
    assert body["instructions"] == "Be kind.\n\nBe brief.\n\nNow."
    assert body["input"][1:] == [said(sent("Be quick."), role="developer")]


def test_instructions_between_turns_stay_there() -> None:
    talk = [{"role": "system", "content": "First."}, GO, {"role": "system", "content": [text("a"), text("b")]}]
    body = from_messages({"system": "Zeroth.", "messages": talk}, CODEX).body
    assert body["instructions"] == "Zeroth.\n\nFirst."
    assert body["input"][1:] == [said(sent("a\n\nb"), role="developer")]


# Reasoning


def test_reasoning_goes_back_under_its_own_id() -> None:
    sealed = seal("up_1", "e", CODEX)
    item = {"type": "reasoning", "id": "up_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "e"}
    thinking = {"type": "thinking", "thinking": "hm", "signature": sealed}
    assert messages(GO, assistant(thinking, text("a")), GO)[1] == item
    message = {
        "role": "assistant",
        "content": "a",
        "reasoning_text": "hm",
        "reasoning_content": "hm",
        "reasoning_opaque": sealed,
    }
    done = from_chat({"messages": [GO, message, GO]}, CODEX)
    assert done.body["input"][1] == item
    assert not done.losses


def test_reasoning_without_a_summary_or_an_id_does_without() -> None:
    redacted = {"type": "redacted_thinking", "data": seal("", "e", CODEX)}
    assert messages(GO, assistant(redacted, use()), user(result("1")))[1] == {
        "type": "reasoning",
        "summary": [],
        "encrypted_content": "e",
    }


@pytest.mark.parametrize(
    "sealed",
    ["foreign", "", seal("x", "e", model("gpt-5.6-sol")), carrier.pack("s", origin="m", family=CODEX.id), seal("x", "", CODEX)],
)
def test_foreign_reasoning_is_left_out_by_name(sealed: str) -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": sealed}
    done = from_messages({"messages": [GO, assistant(thinking, text("a")), GO]}, CODEX)
    assert [item["role"] for item in done.body["input"]] == ["user", "assistant", "user"]
    assert done.losses == {"messages.content.thinking"}
    message = {"role": "assistant", "content": "a", "reasoning_text": "hm", "reasoning_opaque": sealed}
    losses = from_chat({"messages": [GO, message, GO]}, CODEX).losses
    assert losses == {"messages.reasoning_text"} | ({"messages.reasoning_opaque"} if sealed else set())


def test_reasoning_goes_back_once() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": seal("up_1", "e", CODEX)}
    done = from_messages({"messages": [GO, assistant(thinking, text("a")), GO, assistant(thinking, text("b")), GO]}, CODEX)
    assert [item["type"] for item in done.body["input"]].count("reasoning") == 1
    assert done.losses == {"messages.content.thinking"}


def test_reasoning_that_led_to_nothing_is_left_out_by_name() -> None:
    thinking = {"type": "thinking", "thinking": "hm", "signature": seal("up_1", "e", CODEX)}
    done = from_messages({"messages": [GO, assistant(thinking), GO]}, CODEX)
    assert [item["type"] for item in done.body["input"]] == ["message"]
    assert done.losses == {"messages.content.thinking"}
    message = {"role": "assistant", "content": None, "reasoning_opaque": seal("up_1", "e", CODEX)}
    assert from_chat({"messages": [GO, message, GO]}, CODEX).losses == {"messages.reasoning_opaque"}
