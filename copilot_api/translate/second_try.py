"""Refusals that a changed request gets past: what Copilot says only when asked. Sources: copilot-upstream §3.1, §6.1."""

import re

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs
from copilot_api.errors import UpstreamRefused
from copilot_api.translate import notes
from copilot_api.translate.repair import without

_NAMED_FIELD = re.compile(r"(?:Unsupported (?:parameter|value): |^)['`](?P<field>[a-z_]+)['`]")
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


def mend(body: Json, problem: UpstreamRefused) -> tuple[Json, str] | None:
    """The request to send instead of `body` after `problem`, and the name of the repair; None when there is none."""
    if problem.status != 400:
        return None
    if "does not support assistant message prefill" in problem.message and _ends_with_assistant(body):
        return body | {"messages": [*body["messages"], {"role": "user", "content": notes.CONTINUE}]}, "prefill-continued"
    named = _NAMED_FIELD.search(problem.message)
    field = named["field"] if named else ""
    if field in _DROPPABLE and field in body:
        return without(body, field), "refused-field-dropped"
    return None


def _ends_with_assistant(body: Json) -> bool:
    messages = objs(body.get("messages"))
    return bool(messages) and obj(messages[-1]).get("role") == "assistant"
