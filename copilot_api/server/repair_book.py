"""How often each repair fired since the start, and what was learned from refusals: kept here, told on this machine only."""

from collections import Counter
from collections.abc import Iterable, Mapping

from aiohttp import web

from copilot_api.dialects.codec import Json, dumps
from copilot_api.errors import DoorClosed
from copilot_api.server.guard import is_loopback
from copilot_api.translate.learned import Learned, Lesson
from copilot_api.translate.repairs import ROWS, Row
from copilot_api.upstream.clock import Clock


class RepairBook:
    """The counts and lessons of this run. Names and numbers, no words of a request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fired: Counter[tuple[str, str]] = Counter()
        self._learned = Learned()

    def note(self, endpoint: str, names: Iterable[str]) -> None:
        """These repairs fired for one request to that endpoint."""
        self._fired.update((endpoint, name) for name in names)

    def fired(self, row: Row) -> int:
        """How often that row fired; one that holds for every endpoint, at all of them together."""
        if row.where:
            return self._fired[row.where, row.name]
        return sum(times for (_, name), times in self._fired.items() if name == row.name)

    def learned(self, model: str) -> Mapping[str, frozenset[Lesson]]:
        """What that model was found to refuse, by endpoint."""
        return self._learned.of(model, at_s=self._clock.monotonic())

    def learn(self, model: str, endpoint: str, lessons: Iterable[Lesson]) -> list[Lesson]:
        """Remembers what was refused; returns what is new."""
        return self._learned.add(model, endpoint, lessons, at_s=self._clock.monotonic())

    def told(self) -> Json:
        """All of it, as GET /repairs tells it."""
        lessons = self._learned.rows(at_s=self._clock.monotonic())
        return {
            "repairs": [row.facts | {"fired": self.fired(row)} for row in ROWS],
            "learned": [{"model": model, "endpoint": endpoint, "field": lesson.name} for model, endpoint, lesson in lessons],
        }

    async def page(self, request: web.Request) -> web.Response:
        """GET /repairs. Raises DoorClosed for who asks from another machine."""
        if not is_loopback(request.remote or ""):
            raise DoorClosed("The repairs are told to programs on the same machine only", hint="run copilot-api debug there")
        return web.Response(body=dumps(self.told()), content_type="application/json")
