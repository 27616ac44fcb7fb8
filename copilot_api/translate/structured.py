"""Answers in JSON of a given shape. Rules: translation.md §1.1, copilot-upstream §3.1 and §6.1.

Where the catalog says that a model can be held to a schema, and the schema is one that upstream takes, the promise is carried.
Elsewhere the schema goes into the system prompt: less than a promise, but the client still gets JSON to parse.
"""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.translate import notes
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_schemas import is_strict_for_anthropic, is_strict_for_openai


def for_chat(config: Fields, model: Model) -> tuple[Json, str]:
    """Takes `output_config.format`; returns the fields of a Chat request, and words for its system prompt."""
    shape = config.object("format")
    if shape.peek("type") != "json_schema":
        return {}, ""
    shape.take("type")
    schema = _schema(shape)
    if not model.structured:
        config.lose("format")
        return {}, notes.only_json(dumps_text(schema))
    described = {"name": "answer", "schema": schema, "strict": is_strict_for_openai(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": described}}, ""


def for_messages(fields: Fields, model: Model) -> tuple[Json, str]:
    """Takes `response_format`; returns the fields of a Messages `output_config`, and words for its system prompt."""
    shape = fields.object("response_format")
    match shape.peek("type"):
        case "text":
            shape.take("type")
        case "json_schema":
            shape.take("type")
            schema = _schema(shape.object("json_schema"))
            if model.structured and is_strict_for_anthropic(schema):
                return {"format": {"type": "json_schema", "schema": schema}}, ""
            fields.lose("response_format")
            return {}, notes.only_json(dumps_text(schema))
        case "json_object":  # a hint: OpenAI demands that the prompt asks for JSON too
            shape.take("type")
            fields.lose("response_format")
    return {}, ""


def _schema(shape: Fields) -> Json:
    schema = shape.take("schema")
    if not isinstance(schema, dict):
        raise shape.mistake("schema", "must be a JSON Schema", code="invalid_type")
    return schema
