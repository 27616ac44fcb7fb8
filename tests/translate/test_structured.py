"""JSON answers: promised where upstream can, asked for in words where it cannot."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes, structured
from copilot_api.translate.fields import Fields
from tests.builders.models import model

CLOSED: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
OPEN: Json = {"type": "object", "properties": {"name": {"type": "string"}}}
WORDS = notes.only_json('{"type":"object","properties":{"name":{"type":"string"}}}')


def for_chat(config: Json, model_id: str) -> tuple[Json, str, list[str]]:
    fields = Fields({"output_config": config})
    said, words = structured.for_chat(fields.object("output_config"), model(model_id))
    return said, words, list(fields.losses())


def for_messages(shape: Any, model_id: str) -> tuple[Json, str, list[str]]:
    fields = Fields({"response_format": shape})
    said, words = structured.for_messages(fields, model(model_id))
    return said, words, list(fields.losses())


@pytest.mark.parametrize(("schema", "strict"), [(CLOSED, True), (OPEN, False)])
def test_a_model_that_can_be_held_to_a_schema_is(schema: Json, strict: bool) -> None:
    said, words, losses = for_chat({"format": {"type": "json_schema", "schema": schema}}, "gpt-4.1")
    json_schema = {"name": "answer", "schema": schema, "strict": strict}
    assert said == {"response_format": {"type": "json_schema", "json_schema": json_schema}}
    assert (words, losses) == ("", [])


def test_a_model_that_cannot_is_asked_in_words() -> None:
    assert for_chat({"format": {"type": "json_schema", "schema": OPEN}}, "gpt-4o") == ({}, WORDS, ["output_config.format"])


def test_claude_is_held_to_a_schema() -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": CLOSED}}
    assert for_messages(shape, "claude-opus-5") == (
        {"format": {"type": "json_schema", "schema": CLOSED}},
        "",
        ["response_format.json_schema.name", "response_format.json_schema.strict"],
    )


@pytest.mark.parametrize(("schema", "model_id"), [(OPEN, "claude-opus-5"), (OPEN, "claude-haiku-4.5")])
def test_claude_is_asked_in_words_where_anthropic_would_refuse_the_schema(schema: Json, model_id: str) -> None:
    shape = {"type": "json_schema", "json_schema": {"schema": schema}}
    assert for_messages(shape, model_id) == ({}, WORDS, ["response_format"])


@pytest.mark.parametrize(
    ("shape", "losses"),
    [
        (None, []),
        ({"type": "text"}, []),
        ({"type": "json_object"}, ["response_format"]),
        ({"type": "xml"}, ["response_format.type"]),
    ],
)
def test_other_shapes_ask_for_nothing(shape: Any, losses: list[str]) -> None:
    assert for_messages(shape, "claude-opus-5") == ({}, "", losses)


def test_an_unknown_format_is_a_loss() -> None:
    assert for_chat({"format": {"type": "xml"}}, "gpt-4.1") == ({}, "", ["output_config.format.type"])


@pytest.mark.parametrize("schema", [None, "a schema", [1]])
def test_a_schema_must_be_one(schema: Any) -> None:
    with pytest.raises(ClientMistake, match="must be a JSON Schema"):
        for_chat({"format": {"type": "json_schema", "schema": schema}}, "gpt-4.1")
    with pytest.raises(ClientMistake, match="must be a JSON Schema"):
        for_messages({"type": "json_schema", "json_schema": {"schema": schema}}, "claude-opus-5")


# Responses


def for_responses(config: Json, model_id: str) -> tuple[Json, str, list[str]]:
    fields = Fields({"output_config": config})
    said, words = structured.for_responses(fields.object("output_config"), model(model_id))
    return said, words, list(fields.losses())


def responses_from_chat(shape: Any, model_id: str) -> tuple[Json, str, list[str]]:
    fields = Fields({"response_format": shape})
    said, words = structured.responses_from_chat(fields, model(model_id))
    return said, words, list(fields.losses())


def chat_from_responses(shape: Any, model_id: str) -> tuple[Json, str, list[str]]:
    fields = Fields({"text": {"format": shape}})
    said, words = structured.chat_from_responses(fields.object("text"), model(model_id))
    return said, words, list(fields.losses())


def messages_from_responses(shape: Any, model_id: str) -> tuple[Json, str, list[str]]:
    fields = Fields({"text": {"format": shape}})
    said, words = structured.messages_from_responses(fields.object("text"), model(model_id))
    return said, words, list(fields.losses())


@pytest.mark.parametrize(("schema", "strict"), [(CLOSED, True), (OPEN, False)])
def test_responses_is_told_of_anthropics_schema(schema: Json, strict: bool) -> None:
    told = {"type": "json_schema", "name": "answer", "schema": schema, "strict": strict}
    config = {"format": {"type": "json_schema", "schema": schema}}
    assert for_responses(config, "gpt-5.3-codex") == ({"format": told}, "", [])


def test_a_model_on_responses_that_no_schema_holds_is_asked_in_words() -> None:
    config = {"format": {"type": "json_schema", "schema": OPEN}}
    assert for_responses(config, "grok-4.7") == ({}, WORDS, ["output_config.format"])
    assert for_responses({}, "grok-4.7") == ({}, "", [])


LABELS = {"name": "person", "description": "Who.", "strict": True}


def test_openais_dialects_tell_of_a_schema_with_the_same_labels() -> None:
    flat = {"type": "json_schema"} | LABELS | {"schema": CLOSED}
    nested = {"type": "json_schema", "json_schema": LABELS | {"schema": CLOSED}}
    assert responses_from_chat(nested, "gpt-5.3-codex") == ({"format": flat}, "", [])
    assert chat_from_responses(flat, "gpt-4.1") == ({"response_format": nested}, "", [])


def test_a_schema_without_a_name_gets_one() -> None:
    flat, nested = {"type": "json_schema", "schema": OPEN}, {"type": "json_schema", "json_schema": {"schema": OPEN}}
    named = {"name": "answer", "schema": OPEN}
    assert responses_from_chat(nested, "gpt-5.3-codex")[0] == {"format": {"type": "json_schema"} | named}
    assert chat_from_responses(flat, "gpt-4.1")[0] == {"response_format": {"type": "json_schema", "json_schema": named}}


def test_between_openais_dialects_a_model_that_no_schema_holds_is_asked_in_words() -> None:
    nested = {"type": "json_schema", "json_schema": {"schema": OPEN}}
    assert responses_from_chat(nested, "grok-4.7") == ({}, WORDS, ["response_format"])
    assert chat_from_responses({"type": "json_schema", "schema": OPEN}, "gpt-4o") == ({}, WORDS, ["text.format"])


@pytest.mark.parametrize(
    ("shape", "kept", "losses"),
    [(None, False, []), ({"type": "text"}, False, []), ({"type": "json_object"}, True, []), ({"type": "xml"}, False, ["type"])],
)
def test_other_shapes_between_openais_dialects(shape: Any, kept: bool, losses: list[str]) -> None:
    said = {"response_format": shape} if kept else {}
    assert chat_from_responses(shape, "gpt-4.1") == (said, "", [f"text.format.{name}" for name in losses])
    said = {"format": shape} if kept else {}
    assert responses_from_chat(shape, "grok-4.7") == (said, "", [f"response_format.{name}" for name in losses])


def test_claude_is_held_to_a_schema_of_responses() -> None:
    shape = {"type": "json_schema", "schema": CLOSED} | LABELS
    losses = [f"text.format.{label}" for label in LABELS]
    assert messages_from_responses(shape, "claude-opus-5") == (
        {"format": {"type": "json_schema", "schema": CLOSED}}, "", losses
    )  # fmt: skip
    assert messages_from_responses({"type": "json_schema", "schema": OPEN}, "claude-opus-5") == ({}, WORDS, ["text.format"])
    assert messages_from_responses({"type": "json_object"}, "claude-opus-5") == ({}, "", ["text.format"])
    assert messages_from_responses({"type": "text"}, "claude-opus-5") == ({}, "", [])
