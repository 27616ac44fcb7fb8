"""Cache markers: where they may stand, how many, and what they may say. Source: copilot-upstream.md §6.1."""

from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import structure

LIMIT = 4
TTL_BETA = "extended-cache-ttl-2025-04-11"


def check(body: Json, betas: frozenset[str]) -> None:
    """Raises Refusal for the first rule broken. Markers in places of their own are refused with the place itself."""
    found = list(_all(body))
    for path, marker in found:
        _check(path, marker, betas)
    if len(found) > LIMIT:
        raise Refusal(f"A maximum of {LIMIT} blocks with cache_control may be provided. Found {len(found)}.")


def _all(body: Json) -> Iterator[tuple[str, Any]]:
    yield from _of("tools", structure.objects(body, "tools"))
    if isinstance(body.get("system"), list):
        yield from _of("system", body["system"])
    for i, message in enumerate(body["messages"]):
        yield from _of(f"messages.{i}.content", structure.blocks(message))


def _of(where: str, items: list[Json]) -> Iterator[tuple[str, Any]]:
    for i, item in enumerate(items):
        if item.get("cache_control") is not None:
            yield f"{where}.{i}.cache_control", item["cache_control"]


def _check(path: str, marker: Any, betas: frozenset[str]) -> None:
    if not isinstance(marker, dict) or marker.get("type") != "ephemeral":
        raise Refusal(f"{path}: Input tag should be 'ephemeral'")
    for name in marker:
        if name not in {"type", "ttl"} or (name == "ttl" and TTL_BETA not in betas):
            raise Refusal(f"{path}.ephemeral.{name}: Extra inputs are not permitted")
    if marker.get("ttl", "5m") not in ("5m", "1h"):
        raise Refusal(f"{path}.ephemeral.ttl: Input should be '5m' or '1h'")
