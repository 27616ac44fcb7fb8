"""Rows with numbers. A bar names the row that was clicked by its number, which no row gets that does something else.

The menu may change between the moment it was drawn and the click; the click then still means what stood there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from copilot_api.desktop.menu import Act, Row

REMEMBERED = 512
"""Acts that are kept, those of rows that are gone among them: a menu has some forty where a dozen requests wait."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row as it was drawn. Number 0 is the menu itself."""

    number: int
    row: Row
    children: tuple["Drawn", ...] = ()

    def all(self) -> Iterator["Drawn"]:
        """It and everything below it."""
        yield self
        for child in self.children:
            yield from child.all()

    @property
    def outline(self) -> tuple[object, ...]:
        """Which rows there are, and where: two with the same outline differ at most in what the rows say."""
        return (self.number, tuple(child.outline for child in self.children))


@dataclass(frozen=True, slots=True)
class _Place:
    """What makes a row the same one as before: where it is, and what it does; for one that does nothing, of which kind it is
    and what its fellows are."""

    parent: int
    meaning: object
    turn: int


class Numbering:
    """Gives each row a number, the same one for as long as it means the same."""

    def __init__(self) -> None:
        self._free = count(1)
        self._numbers: dict[_Place, int] = {}
        self._acts: dict[int, Act] = {}

    def draw(self, rows: tuple[Row, ...]) -> Drawn:
        """The whole menu."""
        used: dict[_Place, int] = {}
        root = Drawn(0, Row(), self._drawn(0, rows, used))
        self._numbers = used
        self._forget(used.values())
        return root

    def act(self, number: int) -> Act | None:
        """What that row does, even if it is gone; None where it only tells something, was never there, or is long forgotten."""
        return self._acts.get(number)

    def _drawn(self, parent: int, rows: tuple[Row, ...], used: dict[_Place, int]) -> tuple[Drawn, ...]:
        turns: Counter[object] = Counter()
        return tuple(self._one(parent, row, turns, used) for row in rows)

    def _one(self, parent: int, row: Row, turns: "Counter[object]", used: dict[_Place, int]) -> Drawn:
        meaning = _meaning(row)
        place = _Place(parent, meaning, turns[meaning])
        turns[meaning] += 1
        number = used[place] = self._numbers.get(place) or next(self._free)
        if row.act is not None:
            self._acts[number] = row.act
        return Drawn(number, row, self._drawn(number, row.children, used))

    def _forget(self, kept: Iterable[int]) -> None:
        surplus = len(self._acts) - REMEMBERED
        if surplus > 0:
            shown = set(kept)
            for number in [number for number in self._acts if number not in shown][:surplus]:
                del self._acts[number]


def _meaning(row: Row) -> object:
    if row.act is not None:
        return row.act
    if row.children:
        return row.label
    return "line" if row.is_line else "words"


def plain(text: str, escape: Callable[[str], str] = str) -> str:
    """Text that every desktop takes: no NUL, and no half of a character, as a client's name may hold."""
    return escape(text.replace("\0", "").encode("utf-8", "replace").decode())
