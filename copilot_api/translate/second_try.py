"""Refusals that a changed request gets past: what Copilot says only when asked. Sources: copilot-upstream §3.1, §6.1."""

import re

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.read import obj, objs, string
from copilot_api.errors import UpstreamRefused
from copilot_api.translate import notes, second_try_responses
from copilot_api.translate.repair import Endpoint, without
from copilot_api.translate.repair_messages_thinking import keeping_thinking, paused
from copilot_api.translate.repair_messages_turns import THINKING

_NAMED_FIELD = re.compile(r"(?:Unsupported (?:parameter|value): |^)['`](?P<field>[a-z_]+)['`]")
# Signatures are bound to the model that wrote them; after a change of model they are refused.
_FOREIGN_THINKING = re.compile(r"Invalid [`']?(?:signature|data)[`']? in [`']?(?:thinking|redacted_thinking)")
# Fields that only fine-tune an answer: without them it is still the answer that was asked for.
_DROPPABLE = frozenset(
    {
        "temperature",
        "top_p",
        "top_k",
        "presence_penalty",
        "frequency_penalty",
        "stop",
        "verbosity",
        "reasoning_effort",
        "parallel_tool_calls",
        "prompt_cache_key",
        "safety_identifier",
        "context_management",
        "metadata",
    }
)


def mend(endpoint: Endpoint, body: Json, problem: UpstreamRefused) -> tuple[Json, str] | None:
    """The request to send instead of `body` after `problem`, and the name of the repair; None when there is none."""
    if problem.status != 400:
        return None
    if endpoint == "/responses" and (again := second_try_responses.mend(body, problem)):
        return again
    if "does not support assistant message prefill" in problem.message and _ends_with_assistant(body):
        return body | {"messages": [*body["messages"], {"role": "user", "content": notes.CONTINUE}]}, "prefill-continued"
    if _FOREIGN_THINKING.search(problem.message):
        own = keeping_thinking(body, lambda block: string(block.get("type")) not in THINKING)
        return None if own is body else (paused(own), "thinking-forgotten")
    if "Expected `thinking`" in problem.message and "thinking" in body:
        return without(body, "thinking"), "thinking-paused"
    if problem.message.startswith("output_config.format:") and "output_config" in body:
        return _format_in_words(body), "format-worded"
    named = _NAMED_FIELD.search(problem.message)
    field = named["field"] if named else ""
    if field in _DROPPABLE and field in body:
        return without(body, field), "refused-field-dropped"
    return None


def _format_in_words(body: Json) -> Json:
    """A schema that the model does not know as a field, as the last words of the system prompt."""
    config = obj(body["output_config"])
    words = notes.only_json(dumps_text(obj(obj(config.get("format")).get("schema"))))
    system = body.get("system") or []
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else objs(system)
    rest = without(config, "format")
    after = without(body, "output_config") | {"system": [*blocks, {"type": "text", "text": words}]}
    return after | ({"output_config": rest} if rest else {})


def _ends_with_assistant(body: Json) -> bool:
    messages = objs(body.get("messages"))
    return bool(messages) and obj(messages[-1]).get("role") == "assistant"
