"""What was used since midnight, in numbers: kept over restarts, and added up over all servers of the person's on this machine.

Only the day that runs is kept. A day is one of the local time, and the wall clock says when it is over.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, time, timedelta
from pathlib import Path

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted
from copilot_api.dialects.read import number, obj, string
from copilot_api.errors import FileUnsafe
from copilot_api.private_files import PrivateFile
from copilot_api.server.thorough import to_the_end
from copilot_api.upstream.clock import Clock

FILE_NAME = "today.json"
SAVE_EVERY_S = 30.0
"""Also how late it may be noticed that a day is over."""

NANO = 1_000_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What was used since midnight, local time. `spent` is in AI credits, as far as Copilot tells; None where it does not."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    spent: float | None = None


NOTHING = Today()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """`told` is how many answers named a price, `nano_aiu` their prices."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    nano_aiu: int = 0
    told: int = 0

    def __add__(self, other: "_Sum") -> "_Sum":
        return _Sum(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(_Sum)})

    def __sub__(self, other: "_Sum") -> "_Sum":
        return _Sum(**{f.name: getattr(self, f.name) - getattr(other, f.name) for f in fields(_Sum)})


class Use:
    """Counts. `changed` is called when the numbers have; they are kept in the file at `path`, if there is one."""

    def __init__(self, clock: Clock, path: Path | None, changed: Callable[[], None]) -> None:
        self._clock = clock
        self._file = PrivateFile(path) if path else None
        self._changed = changed
        self._day, self._begins, self._ends = self._day_now()
        self._kept = _Sum()
        self._new = _Sum()

    @property
    def today(self) -> Today:
        """The numbers of the day that runs."""
        both = self._kept + self._new if self._is_on() else _Sum()
        return Today(
            requests=both.requests,
            input_tokens=both.input_tokens,
            output_tokens=both.output_tokens,
            spent=both.nano_aiu / NANO if both.told else None,
        )

    def note(self, counted: Counted | None) -> None:
        """A request that a model answered, and what it was counted as, if Copilot said so."""
        if not self._is_on():
            self._turn_over()
        known = counted if counted and not counted.estimated else Counted()
        self._new += _Sum(
            requests=1,
            input_tokens=known.prompt,
            output_tokens=known.output,
            nano_aiu=known.nano_aiu,
            told=1 if known.nano_aiu else 0,
        )
        self._changed()

    async def run(self) -> None:
        """The body of a background task: reads what was kept, keeps what is new, until it is cancelled."""
        try:
            while True:
                await self._keep()
                await self._clock.sleep(SAVE_EVERY_S)
                while not self._turn_over() and self._new == _Sum():
                    await self._clock.sleep(SAVE_EVERY_S)
        finally:
            await self._keep()

    def _is_on(self) -> bool:
        """Whether the day is still the same. Asked at each request, so it does not look at the calendar."""
        return self._begins <= self._clock.wall() < self._ends

    def _turn_over(self) -> bool:
        """Whether the day is another than it was, be it that the machine has travelled; then all begins at nothing."""
        before = self._day
        self._day, self._begins, self._ends = self._day_now()
        if self._day == before:
            return False
        self._kept, self._new = _Sum(), _Sum()
        self._changed()
        return True

    def _day_now(self) -> tuple[str, float, float]:
        """The date in local time, and when that day begins and ends."""
        today = datetime.fromtimestamp(self._clock.wall()).astimezone().date()
        begins, ends = (datetime.combine(day, time.min).astimezone().timestamp() for day in (today, today + timedelta(days=1)))
        return today.isoformat(), begins, ends

    async def _keep(self) -> None:
        """Adds what is new to what the file holds, which may be another server's, and takes over what it holds then."""
        if self._file is None:
            return
        self._turn_over()
        day, new = self._day, self._new
        # From here on the thread has it, which ends its work whatever happens here.
        self._new, self._kept = _Sum(), self._kept + new
        try:
            kept = await to_the_end(_added, self._file, day, new)
        except FileUnsafe as problem:
            _log.warning("today's use is not kept: %s", problem.text)
            if day == self._day:
                self._new, self._kept = self._new + new, self._kept - new
            return
        if day == self._day and kept != self._kept:
            self._kept = kept
            self._changed()


def _added(file: PrivateFile, day: str, new: _Sum) -> _Sum:
    if new == _Sum():
        return _held(file.read(), day)
    with file.held():
        both = _held(file.read(), day) + new
        file.write(dumps({"day": day} | asdict(both)))
    return both


def _held(data: bytes | None, day: str) -> _Sum:
    """What a file says of that day; of another day it has nothing to say, and what cannot be read is worth nothing."""
    try:
        body: Json = obj(loads(data)) if data else {}
    except ValueError:
        body = {}
    if string(body.get("day")) != day:
        return _Sum()
    return _Sum(**{f.name: max(0, number(body.get(f.name))) for f in fields(_Sum)})
