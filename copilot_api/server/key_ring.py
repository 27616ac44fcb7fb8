"""The API keys that a running server knows: those of the settings, and those of the key file as they are by now."""

import asyncio
import hmac
import logging
from collections.abc import Iterable

from copilot_api.errors import FileUnsafe
from copilot_api.keys import RESERVED, KeyFile, digest_of
from copilot_api.upstream.clock import Clock

LOOKS_EVERY_S = 1.0
"""A key that is added or revoked counts from then on at the latest."""

MOST_SHOWN = 8
"""Of the keys that one request may try."""

_log = logging.getLogger(__name__)


class KeyRing:
    """Knows by which name a key goes. Nothing in it is a key: only what is kept of one."""

    def __init__(self, own: Iterable[str], file: KeyFile | None, clock: Clock) -> None:
        self._own = tuple((f"{RESERVED}-{number}", digest_of(key)) for number, key in enumerate(own, 1))
        self._file = file
        self._clock = clock
        self._kept: tuple[tuple[str, str], ...] | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._look_at = 0.0

    @property
    def is_required(self) -> bool:
        """Whether clients must show a key. That stays so when the last one is revoked: else all would be let in by it."""
        return bool(self._own) or self._kept is not None

    @property
    def is_empty(self) -> bool:
        """Whether nobody has a key."""
        return not (self._own or self._kept)

    async def open(self) -> None:
        """Reads the file for the first time. Raises FileUnsafe."""
        if self._file is not None:
            await asyncio.to_thread(self._read, self._file)

    async def refresh(self) -> None:
        """Notices that keys were added or revoked, with one look at the disk a second. An unsafe file lets nobody in."""
        now = self._clock.monotonic()
        if self._file is None or now < self._look_at:
            return
        self._look_at = now + LOOKS_EVERY_S
        if await asyncio.to_thread(self._file.stamp) == self._stamp:
            return
        try:
            await asyncio.to_thread(self._read, self._file)
        except FileUnsafe as problem:
            self._kept = ()
            _log.error("the keys in it let nobody in: %s", problem.text)
        else:
            _log.info("API keys were changed: there are %d", len(self._own) + len(self._kept or ()))

    def name_of(self, shown: Iterable[str]) -> str | None:
        """The name of the key that is among those shown; None where none of them is ours.

        Takes as long for a wrong key as for a right one: every pair is compared, and only hashes, which nobody can choose.
        """
        found = None
        for number, one in enumerate(shown):
            if number == MOST_SHOWN:
                break
            digest = digest_of(one)
            for name, ours in (*self._own, *(self._kept or ())):
                if hmac.compare_digest(digest, ours):
                    found = name
        return found

    def knows(self, name: str) -> bool:
        """Whether a key of that name still counts, for whoever came in with it a while ago."""
        return any(name == known for known, _ in (*self._own, *(self._kept or ())))

    def _read(self, file: KeyFile) -> None:
        # First the stamp: what changes after it is found by the next look.
        self._stamp = file.stamp()
        kept = file.read()
        self._kept = None if kept is None else tuple((key.name, key.digest) for key in kept)
