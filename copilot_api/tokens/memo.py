"""Remembers counts, so that a conversation that grows at its end is counted at its end only."""

from collections import OrderedDict
from threading import Lock

# What one remembered count takes at most, measured: the key, its numbers, and their place in a table that grows by steps.
ENTRY_BYTES = 360

Key = tuple[str, int, int]


def key(rule: str, text: str) -> Key:
    """Stands for `text` counted by `rule` without holding it: a prompt stays in memory no longer than its request.

    Two texts of one length would have to share a keyed hash of 64 bits to be taken for each other; the harm would be one
    wrong estimate.
    """
    return (rule, hash(text), len(text))


class Memo:
    """Counts by key, the least recently used forgotten first. Takes at most `limit_bytes`. Safe to share between threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = max(1, limit_bytes // ENTRY_BYTES)
        self._counts: OrderedDict[Key, int] = OrderedDict()
        self._lock = Lock()

    def recall(self, key: Key) -> int | None:
        """The count, None if it is not remembered."""
        with self._lock:
            count = self._counts.get(key)
            if count is not None:
                self._counts.move_to_end(key)
            return count

    def keep(self, key: Key, count: int) -> None:
        """Remembers it."""
        with self._lock:
            self._counts[key] = count
            self._counts.move_to_end(key)
            if len(self._counts) > self._limit:
                self._counts.popitem(last=False)
