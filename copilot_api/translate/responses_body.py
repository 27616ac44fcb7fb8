"""What every request to /responses holds, whoever asked. Rules: translation.md §1.1, §1.2, copilot-upstream §4.1, §4.2."""

import hashlib

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.models import Model
from copilot_api.translate import caching, notes, tool_choice, tools
from copilot_api.translate.fields import Fields
from copilot_api.translate.responses_history import instruction
from copilot_api.translate.responses_writer import ResponsesWriter
from copilot_api.translate.tool_choice import Choice

LEAST_OUTPUT = 16

STANDING: Json = {"include": ["reasoning.encrypted_content"], "store": False}
"""Copilot stores nothing, so reasoning has to come in the form in which it can be sent back."""


def conversation(fields: Fields, writer: ResponsesWriter, last: str, *, messages: str, thinking: str) -> Json:
    """Instructions, ending in `last`, and input. Losses have the names of the client's `messages` and its `thinking` there."""
    history = writer.history
    instructions, items = writer.instructions(last), history.items()
    if history.has_prefill:
        fields.lose(f"{messages}.prefill")
    if history.has_idle_thought:
        fields.lose(f"{messages}.{thinking}")
    return ({"instructions": instructions} if instructions else {}) | {"input": items}


def naming_json(said: Json, shape: Json, model: Model) -> Json:
    """`said`, with the word in its input that upstream looks for before it answers in JSON, not looking in instructions."""
    if shape.get("format", {}).get("type") != "json_object" or any(map(_names_json, said["input"])):
        return said
    return said | {"input": [*said["input"], instruction(notes.ANY_JSON, model)]}


def _names_json(item: Json) -> bool:
    texts = [item.get("output"), item.get("arguments"), *(part.get("text") for part in item.get("content", []))]
    return any("json" in text.lower() for text in texts if text)


def offered(choice: Choice) -> Json:
    """The tools, and what is said about choosing among them."""
    if not choice.only:
        return {}
    return {"tools": [tools.for_responses(tool) for tool in choice.only]} | tool_choice.for_responses(choice)


def cap(fields: Fields, asked: int | None, key: str) -> Json:
    """The cap on output tokens, which the client asked for at `key`."""
    if asked is None:
        return {}
    if asked < LEAST_OUTPUT:
        fields.lose(key)
    return {"max_output_tokens": max(asked, LEAST_OUTPUT)}


def drop_sampling(fields: Fields) -> None:
    """Takes temperature and top_p, of which Copilot's /responses takes none. One is what it does by itself."""
    for key in ("temperature", "top_p"):
        if fields.number(key) not in {None, 1}:
            fields.lose(key)


def text(*parts: Json) -> Json:
    """The field that holds format and verbosity."""
    said: Json = {}
    for part in parts:
        said |= part
    return {"text": said} if said else {}


def cache_key(key: str, said: Json) -> Json:
    """What keeps a conversation on the machine that has it in its cache: the client's own word, or how it begins."""
    beginning = [said.get("instructions"), said["input"][:1]]
    return {"prompt_cache_key": caching.short_key(key) if key else hashlib.sha256(dumps(beginning)).hexdigest()}
