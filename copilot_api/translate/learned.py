"""What models were found to refuse: learned from a refusal that names it, and left out from then on.

Copilot's backends differ from each other and lag behind the client programs; a table of what they take would be out of date
with every release. Source: users.md row 3.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from copilot_api.dialects.codec import Json

KEEP_S = 24 * 3600.0
"""Seconds that something is remembered: a backend that refuses it today may take it tomorrow."""

MOST_PLACES = 100
MOST_LESSONS = 32

_DEEPEST = 60  # no tool has parameters that deep

ITEMS = "*"
ANYWHERE = "**"


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Lesson:
    """A field that is refused, or else an `anthropic-beta` value.

    In `path`, "*" is every item of a list and "**" an object at any depth; the last part is the field's name.
    """

    path: tuple[str, ...] = ()
    beta: str = ""

    @property
    def name(self) -> str:
        """The lesson as a log line or a table shows it."""
        return f"anthropic-beta {self.beta}" if self.beta else ".".join(self.path)

    @property
    def loss(self) -> str:
        """The field as a loss is named: without positions."""
        return ".".join(part for part in self.path if part not in {ITEMS, ANYWHERE})


def strip(body: Json, lessons: Iterable[Lesson]) -> Json:
    """`body` without the fields that the lessons name; itself if it has none of them."""
    for lesson in sorted(lessons):
        if lesson.path:
            body = _stripped(body, lesson.path)
    return body


def lost(body: Json, lessons: Iterable[Lesson]) -> frozenset[str]:
    """The fields of `body` that the lessons take away, as losses are named."""
    return frozenset(lesson.loss for lesson in lessons if lesson.path and strip(body, [lesson]) is not body)


def _stripped(node: Any, path: tuple[str, ...]) -> Any:
    head, rest = path[0], path[1:]
    if head == ANYWHERE:
        return _anywhere(node, rest[0])
    if head == ITEMS:
        return _each(node, lambda item: _stripped(item, rest))
    if not isinstance(node, dict) or head not in node:
        return node
    after = _stripped(node[head], rest) if rest else None
    if rest and after is node[head]:
        return node
    # What holds nothing any more says nothing any more, and some validators refuse it.
    return node | {head: after} if after else {key: value for key, value in node.items() if key != head}


def _anywhere(node: Any, keyword: str, depth: int = 0) -> Any:
    """`node`, a JSON Schema, without `keyword` at any depth. A property of that name is no keyword and stays."""
    if depth > _DEEPEST:
        return node
    if isinstance(node, list):
        return _each(node, lambda item: _anywhere(item, keyword, depth + 1))
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key != keyword}
    for key, value in kept.items():
        if key == "properties" and isinstance(value, dict):
            kept[key] = {name: _anywhere(inner, keyword, depth + 2) for name, inner in value.items()}
        else:
            kept[key] = _anywhere(value, keyword, depth + 1)
    return node if kept == node else kept


def _each(items: Any, mend: Callable[[Any], Any]) -> Any:
    if not isinstance(items, list):
        return items
    after = [mend(item) for item in items]
    return items if all(new is old for new, old in zip(after, items, strict=True)) else after


class Learned:
    """The lessons of one run, by model and endpoint; the oldest are forgotten first. `at_s` is read from a steady clock."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], dict[Lesson, float]] = {}

    def of(self, model: str, *, at_s: float) -> Mapping[str, frozenset[Lesson]]:
        """What is known of a model, by endpoint."""
        known = {
            endpoint: frozenset(lesson for lesson, since in lessons.items() if at_s - since < KEEP_S)
            for (id_, endpoint), lessons in self._places.items()
            if id_ == model
        }
        return {endpoint: lessons for endpoint, lessons in known.items() if lessons}

    def add(self, model: str, endpoint: str, lessons: Iterable[Lesson], *, at_s: float) -> list[Lesson]:
        """Remembers `lessons`; returns those that are new."""
        place = self._places.pop((model, endpoint), {})
        self._places[model, endpoint] = place  # the newest place is the last
        new = [lesson for lesson in sorted(lessons) if lesson not in place or at_s - place[lesson] >= KEEP_S]
        for lesson in new:
            place.pop(lesson, None)
            place[lesson] = at_s
        while len(place) > MOST_LESSONS:
            del place[next(iter(place))]
        while len(self._places) > MOST_PLACES:
            del self._places[next(iter(self._places))]
        return new

    def rows(self, *, at_s: float) -> Iterator[tuple[str, str, Lesson]]:
        """Model, endpoint and lesson, for who wants to see them."""
        for (model, endpoint), lessons in self._places.items():
            yield from ((model, endpoint, lesson) for lesson, since in lessons.items() if at_s - since < KEEP_S)
