"""Requests to /v1/messages, and what the whole table of repairs makes of them."""

from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.translate.repair import Target, mended
from copilot_api.translate.repair_messages import MESSAGES
from tests.builders.models import model

ASK: Json = {"max_tokens": 1000, "messages": [{"role": "user", "content": "q"}]}
MARK = {"type": "ephemeral"}
TOOL = {"name": "f", "input_schema": {"type": "object"}}


def text(words: str, **fields: Any) -> Json:
    return {"type": "text", "text": words, **fields}


def calling(*ids: str) -> list[Json]:
    """A conversation up to the calls of those ids."""
    calls = [{"type": "tool_use", "id": id_, "name": "f", "input": {}} for id_ in ids]
    return [*ASK["messages"], {"role": "assistant", "content": calls}]


def repaired(id_: str = "claude-sonnet-4.6", *, betas: tuple[str, ...] = (), **fields: Any) -> tuple[Json, tuple[str, ...]]:
    return mended(ASK | fields, Target(model=model(id_), stream=True, betas=betas), MESSAGES)
