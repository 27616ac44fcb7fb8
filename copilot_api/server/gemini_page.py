"""GET /v1beta/models: the catalog as Google's programs read it. Shape: client-apis.md §7, Google's reference of the Model.

Listed is what would answer: these programs offer the list to a person as it is.
"""

from collections.abc import Mapping

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import string
from copilot_api.errors import ClientMistake

LIMIT = 1000
METHODS = ("generateContent", "countTokens")


def entry(model: Model) -> Json:
    """One model."""
    limits = {"inputTokenLimit": model.max_prompt, "outputTokenLimit": model.max_output}
    return {
        "name": f"models/{model.id}",
        "baseModelId": model.id,
        "version": string(model.raw.get("version")) or model.id,
        "displayName": model.name,
        "description": f"{model.vendor}, through GitHub Copilot",
        **{name: number for name, number in limits.items() if number is not None},
        "supportedGenerationMethods": list(METHODS),
        "thinking": model.thinks,
    }


def page(models: Mapping[str, Model], query: Mapping[str, str]) -> Json:
    """The list, or the part of it that `pageSize` and `pageToken` ask for. Raises ClientMistake for a wrong one."""
    shown = [model for model in models.values() if model.enabled and model.kind == "chat"]
    first = _after(query.get("pageToken"), [model.id for model in shown])
    chosen = shown[first : first + _size(query.get("pageSize"))]
    has_more = first + len(chosen) < len(shown)
    return {"models": [entry(model) for model in chosen]} | ({"nextPageToken": chosen[-1].id} if has_more else {})


def _size(text: str | None) -> int:
    """Google's own default is 50; a client that names no size gets all, so that none is overlooked."""
    if text is None:
        return LIMIT
    if not text.isdecimal() or int(text[:6]) < 1:
        raise ClientMistake("pageSize must be a whole number from 1", param="pageSize")
    return min(int(text[:6]), LIMIT)


def _after(token: str | None, ids: list[str]) -> int:
    if not token:
        return 0
    if token not in ids:
        raise ClientMistake("pageToken is not one that this list gave out", param="pageToken")
    return ids.index(token) + 1
