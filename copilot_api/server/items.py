"""Output items that were given out, by id, for clients that send them back as references: Vercel's AI SDK does.

Copilot keeps nothing, so what a reference means must be known here. In memory only, for a while, within a limit.
Source: clients.md §4.3.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.errors import ClientMistake
from copilot_api.upstream.clock import Clock

AGE_S = 6 * 3600.0
"""Seconds after which an item that nobody asked for is forgotten."""

OVERHEAD_BYTES = 500
"""What keeping an item takes beside its text."""


@dataclass(frozen=True, slots=True)
class _Kept:
    text: bytes = field(repr=False)
    until: float


class Items:
    """The store. Safe to share between threads. `limit_bytes` 0: nothing is kept."""

    def __init__(self, limit_bytes: int, clock: Clock) -> None:
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    @property
    def size_bytes(self) -> int:
        """What all of it takes."""
        with self._lock:
            return self._bytes

    def keep(self, items: Iterable[Json]) -> None:
        """Keeps items that have an id, the newest at the cost of the oldest."""
        for item in items:
            id_ = item.get("id")
            if isinstance(id_, str) and id_ and self._limit_bytes:
                self._put(id_, _Kept(dumps(item), self._clock.monotonic() + AGE_S))

    def resolved(self, body: Json) -> Json:
        """`body` with the items in the place of references to them; itself where it holds none. Raises ClientMistake."""
        given = body.get("input")
        if not isinstance(given, list) or not any(map(_is_reference, given)):
            return body
        return body | {"input": [self._found(item, at) if _is_reference(item) else item for at, item in enumerate(given)]}

    def _found(self, reference: Json, at: int) -> Json:
        item = self._get(str(reference.get("id")))
        if item is None:
            raise ClientMistake(
                f"input[{at}]: no item {str(reference.get('id'))[:100]!r} is known here",
                hint="the items of recent answers are kept in memory, and not across a restart; begin the conversation anew, "
                "or have the client send whole items, as it does with store: false",
                code="item_not_found",
                param=f"input[{at}].id",
            )
        return item

    def _put(self, id_: str, kept: _Kept) -> None:
        with self._lock:
            self._drop(id_)
            self._kept[id_] = kept
            self._bytes += len(kept.text) + OVERHEAD_BYTES
            now = self._clock.monotonic()
            while self._kept and (self._bytes > self._limit_bytes or next(iter(self._kept.values())).until <= now):
                self._drop(next(iter(self._kept)))

    def _get(self, id_: str) -> Json | None:
        """The item; it counts as new again."""
        with self._lock:
            kept = self._kept.get(id_)
            if kept is None or kept.until <= self._clock.monotonic():
                return None
            self._kept[id_] = _Kept(kept.text, self._clock.monotonic() + AGE_S)
            self._kept.move_to_end(id_)
        item: Json = loads(kept.text)
        return item

    def _drop(self, id_: str) -> None:
        if kept := self._kept.pop(id_, None):
            self._bytes -= len(kept.text) + OVERHEAD_BYTES


def _is_reference(item: Any) -> bool:
    """Whether an item is nothing but the id of another; OpenAI lets the type be left out."""
    return isinstance(item, dict) and (item.get("type") == "item_reference" or item.keys() == {"id"})
