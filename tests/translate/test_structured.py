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
