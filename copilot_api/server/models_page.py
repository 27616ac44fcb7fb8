"""GET /v1/models: one answer that OpenAI's clients, Anthropic's, and those of copilot-api 0.7 can all read.

Shapes: client-apis.md §1.6, §5.5; compat.md §2.4. Which models: OpenAI's clients and 0.7's get all of them, as 0.7 did, marked
`enabled`; Anthropic's, which offer the list to a person as it is, get those that would answer.
"""

from collections.abc import Mapping

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake

LIMIT = 1000
_EPOCH = "1970-01-01T00:00:00.000Z"  # Copilot does not say when a model came out


def entry(model: Model) -> Json:
    """One model."""
    limits = {
        "context_window": model.max_context,
        "max_input_tokens": model.max_prompt,
        "max_output_tokens": model.max_output,
        "max_tokens": model.max_output,
    }
    return {
        "id": model.id,
        "object": "model",
        "type": "model",
        "created": 0,
        "created_at": _EPOCH,
        "owned_by": model.vendor,
        "display_name": model.name,
        "lifecycle": "active",
        "enabled": model.enabled,
        "kind": model.kind,
        "supported_endpoints": list(model.endpoints),
        **{name: number for name, number in limits.items() if number is not None},
    }


def page(models: Mapping[str, Model], query: Mapping[str, str], *, for_messages: bool) -> Json:
    """The list. `query` may hold Anthropic's `limit`, `after_id` and `before_id`. Raises ClientMistake for a wrong one."""
    shown = [model for model in models.values() if not for_messages or (model.enabled and model.kind == "chat")]
    ids = [model.id for model in shown]
    limit = _limit(query.get("limit"))
    first, last = 0, len(shown)
    if "after_id" in query:
        first = _place(query["after_id"], ids, "after_id") + 1
    if "before_id" in query:
        last = _place(query["before_id"], ids, "before_id")
    # Paging backwards gives the entries next to `before_id`.
    start, stop = (max(first, last - limit), last) if "before_id" in query else (first, min(last, first + limit))
    chosen = shown[start:stop]
    return {
        "object": "list",
        "data": [entry(model) for model in chosen],
        "has_more": start > first if "before_id" in query else stop < last,
        "first_id": chosen[0].id if chosen else None,
        "last_id": chosen[-1].id if chosen else None,
    }


def _limit(text: str | None) -> int:
    """Anthropic's own default is 20; a client that names no limit gets all, as OpenAI's expect."""
    if text is None:
        return LIMIT
    if not text.isdecimal() or not 1 <= int(text[:6]) <= LIMIT:
        raise ClientMistake(f"limit must be a whole number from 1 to {LIMIT}", param="limit")
    return int(text)


def _place(id_: str, ids: list[str], param: str) -> int:
    if id_ not in ids:
        raise ClientMistake(f"{param} names no model of the list", param=param)
    return ids.index(id_)
