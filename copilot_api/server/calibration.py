"""Local token counts that get better: estimates are compared with what Copilot counted, and set right by the difference.

Comparing means tokenizing whole prompts, so it is done beside the loop, after the answer, now and then, and only for models
that some client wants counts of.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj
from copilot_api.server import gemini_count
from copilot_api.server.faults import noted
from copilot_api.tokens import Counter
from copilot_api.tokens.ratios import Ratios
from copilot_api.upstream.clock import Clock

FILE_NAME = "token-ratios.json"
WAITING = 8
LARGEST_BYTES = 2 * 1024 * 1024
"""Of a request from which something is learned; each waits in memory for its turn."""

SETTLED = 8
"""Observations after which a model is looked at only every REST_S."""

REST_S = 30.0
SAVE_EVERY_S = 60.0

Method = Literal["upstream", "calibrated", "estimate"]
"""How a count came about, as clients are told."""

COUNTS: dict[str, Callable[[Counter, Json, Model], int]] = {
    "chat": Counter.count_chat,
    "messages": Counter.count_messages,
    "responses": Counter.count_responses,
    "gemini": gemini_count.tokens,
}
"""By the client's dialect."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Sample:
    client: str
    body: Json = field(repr=False)
    model: Model
    counted: int


class Offer(Protocol):
    """Tells of a request that Copilot counted, as `Calibration.offer` does."""

    def __call__(self, client: str, body: Json, model: Model, counted: Counted | None, *, size_bytes: int) -> None: ...


class Calibration:
    """Counts, and learns to count better. What was learned is kept in the file at `path`, if there is one."""

    def __init__(self, counter: Counter, clock: Clock, path: Path | None = None) -> None:
        self._counter = counter
        self._clock = clock
        self._path = path
        self._ratios = Ratios()
        self._wanted: set[str] = set()
        self._rests_until: dict[str, float] = {}
        self._samples: asyncio.Queue[_Sample] = asyncio.Queue(WAITING)
        self._is_saved = True
        self._save_at = 0.0

    def want(self, model: Model) -> None:
        """Says that somebody wants counts of this model, so that it is worth learning about."""
        self._wanted.add(model.id)

    def count(self, client: str, body: Json, model: Model) -> tuple[int, Method]:
        """Tokens of a request in the dialect of `client`. Blocks (`asyncio.to_thread`)."""
        self.want(model)
        estimated = COUNTS[client](self._counter, body, model)
        corrected = self._ratios.corrected(model.id, estimated)
        return (estimated, "estimate") if corrected is None else (corrected, "calibrated")

    def offer(self, client: str, body: Json, model: Model, counted: Counted | None, *, size_bytes: int) -> None:
        """Tells of a request that Copilot counted. Most are passed over; none is looked at here."""
        if counted is None or counted.estimated or client not in COUNTS or model.id not in self._wanted:
            return
        now = self._clock.monotonic()
        if size_bytes > LARGEST_BYTES or self._samples.full() or now < self._rests_until.get(model.id, now):
            return
        if self._ratios.seen(model.id) >= SETTLED:
            self._rests_until[model.id] = now + REST_S
        self._samples.put_nowait(_Sample(client, body, model, counted.prompt))

    async def run(self) -> None:
        """The body of a background task: learns until it is cancelled, then keeps what was learned."""
        await asyncio.to_thread(self._load)
        try:
            while True:
                sample = await self._samples.get()
                try:
                    await asyncio.to_thread(self._learn, sample)
                except Exception as error:  # noqa: BLE001 - the top of a task, which one odd request must not end
                    noted(error)
                if not self._is_saved and self._clock.monotonic() >= self._save_at:
                    await asyncio.to_thread(self._save)
        finally:
            if not self._is_saved:
                await asyncio.to_thread(self._save)

    def _learn(self, sample: _Sample) -> None:
        estimated = COUNTS[sample.client](self._counter, sample.body, sample.model)
        if self._ratios.learn(sample.model.id, estimated=estimated, counted=sample.counted):
            self._is_saved = False
            _log.debug("%s: %d tokens estimated, %d counted", sample.model.id, estimated, sample.counted)

    def _load(self) -> None:
        if self._path is None:
            return
        try:
            self._ratios.load(obj(loads(self._path.read_bytes())))
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be read (%s), starting to learn anew", self._path, type(error).__name__)

    def _save(self) -> None:
        self._is_saved = True
        self._save_at = self._clock.monotonic() + SAVE_EVERY_S
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Moved into place when it is whole, so that nobody finds half a file.
            beside = self._path.with_suffix(".new")
            beside.write_bytes(dumps(self._ratios.dump()))
            beside.replace(self._path)
        except OSError as error:
            _log.warning("%s cannot be written (%s)", self._path, type(error).__name__)
