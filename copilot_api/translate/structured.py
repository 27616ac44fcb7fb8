"""Faults in JSON of a given shape. Rules: translation.md §1.1, copilot-upstream §3.1 and §6.1.

Where the catalog says that a model can be held to a schema, and the schema is one that upstream takes, the promise is carried.
Elsewhere the schema goes into the system prompt: less than a promise, but the client still gets JSON to parse. Each function
takes the client's wish and returns fields of the request to send, and words for its system prompt.
"""

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.translate import notes
from copilot_api.translate.fields import Fields
from copilot_api.translate.tool_schemas import is_strict_for_anthropic, is_strict_for_openai

# What OpenAI's two dialects say about a schema, in the same words but at different places.
_LABELS = ("name", "description", "strict")
_UNNAMED = "answer"


def for_chat(config: Fields, model: Model) -> tuple[Json, str]:
    """Takes `output_config.format` of a Messages request; returns fields of a Chat request."""
    described, words = _described(config, model)
    return ({"response_format": {"type": "json_schema", "json_schema": described}} if described else {}), words


def for_responses(config: Fields, model: Model) -> tuple[Json, str]:
    """Takes `output_config.format` of a Messages request; returns fields of a Responses `text`."""
    described, words = _described(config, model)
    return ({"format": {"type": "json_schema"} | described} if described else {}), words


def for_messages(fields: Fields, model: Model) -> tuple[Json, str]:
    """Takes `response_format` of a Chat request; returns fields of a Messages `output_config`."""
    return _for_anthropic(fields, "response_format", "json_schema", model)


def messages_from_responses(text: Fields, model: Model) -> tuple[Json, str]:
    """Takes `text.format` of a Responses request; returns fields of a Messages `output_config`."""
    return _for_anthropic(text, "format", "", model)


def responses_from_chat(fields: Fields, model: Model) -> tuple[Json, str]:
    """Takes `response_format` of a Chat request; returns fields of a Responses `text`."""
    kind, labelled, words = _labelled(fields, "response_format", "json_schema", model)
    return ({"format": {"type": kind} | labelled} if kind else {}), words


def chat_from_responses(text: Fields, model: Model) -> tuple[Json, str]:
    """Takes `text.format` of a Responses request; returns fields of a Chat request."""
    kind, labelled, words = _labelled(text, "format", "", model)
    if not kind:
        return {}, words
    return {"response_format": {"type": kind} | ({"json_schema": labelled} if labelled else {})}, words


def _described(config: Fields, model: Model) -> tuple[Json, str]:
    """An Anthropic format as OpenAI describes one."""
    shape = config.object("format")
    if shape.peek("type") != "json_schema":
        return {}, ""
    shape.take("type")
    schema = _schema(shape)
    if not model.structured:
        config.lose("format")
        return {}, notes.only_json(dumps_text(schema))
    return {"name": _UNNAMED, "schema": schema, "strict": is_strict_for_openai(schema)}, ""


def _labelled(holder: Fields, key: str, inside: str, model: Model) -> tuple[str, Json, str]:
    """Kind and description of a format on its way between OpenAI's dialects; no kind where nothing is to be said."""
    shape = holder.object(key)
    match kind := shape.peek("type"):
        case "json_schema":
            shape.take("type")
            described = shape.object(inside) if inside else shape
            schema = _schema(described)
            if not model.structured:
                holder.lose(key)
                return "", {}, notes.only_json(dumps_text(schema))
            labels = {label: value for label in _LABELS if (value := described.take(label)) is not None}
            return kind, {"name": _UNNAMED} | labels | {"schema": schema}, ""
        case "json_object":
            shape.take("type")
            return kind, {}, ""
        case "text":
            shape.take("type")
    return "", {}, ""


def _for_anthropic(holder: Fields, key: str, inside: str, model: Model) -> tuple[Json, str]:
    shape = holder.object(key)
    match shape.peek("type"):
        case "text":
            shape.take("type")
        case "json_schema":
            shape.take("type")
            schema = _schema(shape.object(inside) if inside else shape)
            if model.structured and is_strict_for_anthropic(schema):
                return {"format": {"type": "json_schema", "schema": schema}}, ""
            holder.lose(key)
            return {}, notes.only_json(dumps_text(schema))
        case "json_object":  # a hint: OpenAI demands that the prompt asks for JSON too
            shape.take("type")
            holder.lose(key)
    return {}, ""


def _schema(shape: Fields) -> Json:
    schema = shape.take("schema")
    if not isinstance(schema, dict):
        raise shape.mistake("schema", "must be a JSON Schema", code="invalid_type")
    return schema
