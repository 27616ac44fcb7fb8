"""One model request on its way, and what is told of it: in the log, and to the client in headers."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from copilot_api.dialects import messages
from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Ask, Counted
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake, CopilotApiError
from copilot_api.log import is_failure_told
from copilot_api.server.calibration import Offer
from copilot_api.server.faults import reason
from copilot_api.server.sink import NotReading
from copilot_api.translate import Client, Translation

HEADER_NAMES = 40
LOSSES, REPAIRS = "x-copilot-api-losses", "x-copilot-api-repairs"

_ANSWERED = frozenset({200, 499})
"""Also where the client left: Copilot had begun by then."""

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Errand:
    """A request that was let in. `begin` translates it for a model, should it be needed again; `started` is monotonic.

    `is_replayable`: it may be sent again when nobody knows whether it arrived. `headers` are those in which a stream that
    answers it differs from others. `fired` names repairs that are not the translation's own, `why` what the log says of a
    failure. Used as a context manager around its answer it writes the one line of the log that tells of it, and tells
    `counted` how many tokens it was, `repaired` at which endpoint which repairs fired, and `used` what it cost.
    """

    client: Client
    ask: Ask
    body: Json
    size_bytes: int
    model: Model
    begin: Callable[[Model], Translation]
    work: Translation
    started: float
    counted: Offer
    repaired: Callable[[str, Iterable[str]], None]
    used: Callable[[Counted | None], None]
    fired: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_replayable: bool = True
    status: int = 0
    why: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, CopilotApiError):
            self.fail(error)
        elif isinstance(error, NotReading):
            self.status, self.why = 499, str(error)
        elif isinstance(error, asyncio.CancelledError | ConnectionError):
            has_read = self.work.finished  # who leaves at the end has
            self.status, self.why = (200, "") if has_read else (499, "the client left")
        elif error is not None:
            self.status, self.why = 500, type(error).__name__
        self._tell()
        self.repaired(self.work.endpoint, self.repairs)
        if self.status in _ANSWERED or self.work.usage:
            self.used(self.work.usage)
        if self.status == 200:
            self.counted(self.client, self.body, self.model, self.work.usage, size_bytes=self.size_bytes)

    @property
    def repairs(self) -> tuple[str, ...]:
        """The names of all repairs that fired so far."""
        return (*self.fired, *self.work.repairs)

    def fail(self, problem: CopilotApiError) -> None:
        """Notes how it ended, and what is done to the words of `problem` for this client."""
        self.status, self.why = problem.status, reason(problem)
        if self.client == "messages" and messages.error(problem)["error"]["message"] != problem.text:
            self.fired.append("overflow-worded")
        if isinstance(problem, ClientMistake) and problem.repair:  # one that comes to it only after a refusal of Copilot's
            self.fired.append(problem.repair)

    def _tell(self) -> None:
        usage, told = self.work.usage or Counted(), notes(self)
        _log.info(
            "%s %s -> %s %s, initiator %s (%s), %d, %d tokens in (%d cached), %d out, %d ms%s%s",
            self.client,
            self.model.id,
            self.work.endpoint,
            "pass-through" if self.work.is_passthrough else "translated",
            self.ask.initiator,
            self.ask.why,
            self.status,
            usage.prompt,
            usage.cached,
            usage.output,
            (time.monotonic() - self.started) * 1000,
            f", lost {told[LOSSES]}" if LOSSES in told else "",
            f": {self.why}" if self.why else "",
        )
        is_failure_told.set(bool(self.why))
        if repairs := told.get(REPAIRS):
            _log.debug("mended: %s", repairs)


def notes(errand: Errand) -> dict[str, str]:
    """What was done to the request, as response headers: names only, cleaned, because some are the client's own."""
    found = {LOSSES: sorted(errand.work.losses), REPAIRS: list(errand.repairs)}
    return {
        header: ",".join(re.sub(r"[^A-Za-z0-9_.\[\]-]", "?", name)[:80] for name in names[:HEADER_NAMES])
        for header, names in found.items()
        if names
    }
