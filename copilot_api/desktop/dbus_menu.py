"""com.canonical.dbusmenu: the menu as bars on Linux ask for it.

Interface: libdbusmenu's `dbus-menu.xml`, which every desktop's client was written after. Numbers of rows come from `Numbering`.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from copilot_api.desktop.dbus import Bus
from copilot_api.desktop.dbus_objects import Interface, Method, Property, Refused
from copilot_api.desktop.drawn import Drawn, Numbering, plain
from copilot_api.desktop.menu import Act, Row

PATH = "/MenuBar"
NAME = "com.canonical.dbusmenu"

OPEN_S = 30.0
"""Seconds after which a menu that was opened counts as closed: a bar may end without a word."""

_Properties = dict[str, tuple[str, Any]]


class DbusMenu:
    """One menu on the bus. `on_act` is called with what a click wants.

    Rows neither come nor go while a bar says that it shows the menu: some would close it, others move the rows under the mouse.
    """

    def __init__(self, bus: Bus, on_act: Callable[[Act], None]) -> None:
        self._bus = bus
        self._on_act = on_act
        self._numbering = Numbering()
        self._shown = self._numbering.draw(())
        self._by_number: dict[int, Drawn] = {0: self._shown}
        self._revision = 1
        self._open_until = 0.0
        self._held: tuple[Row, ...] | None = None
        bus.offer(PATH, self._interface())

    def draw(self, rows: tuple[Row, ...]) -> None:
        """Shows other rows, and tells the bars what has changed."""
        drawn = self._numbering.draw(rows)
        is_other = drawn.outline != self._shown.outline
        if is_other and self._is_open():
            self._held = rows
            return
        self._held = None
        before, self._shown = self._by_number, drawn
        self._by_number = {each.number: each for each in drawn.all()}
        changed = [(now, _properties(before[now.number]), _properties(now)) for now in drawn.all() if now.number in before]
        self._tell_changes([(now.number, old, new) for now, old, new in changed if old != new])
        if is_other:
            self._revision += 1
            self._bus.emit(PATH, NAME, "LayoutUpdated", self._revision, 0)

    def _is_open(self) -> bool:
        return asyncio.get_running_loop().time() < self._open_until

    def _opened(self) -> None:
        loop = asyncio.get_running_loop()
        self._open_until = loop.time() + OPEN_S
        loop.call_later(OPEN_S, self._draw_held)

    def _closed(self) -> None:
        self._open_until = 0.0
        self._draw_held()

    def _draw_held(self) -> None:
        if self._held is not None:
            self.draw(self._held)

    def _tell_changes(self, changed: list[tuple[int, _Properties, _Properties]]) -> None:
        updated = [(number, {name: new[name] for name in new if new[name] != old.get(name)}) for number, old, new in changed]
        removed = [(number, sorted(old.keys() - new.keys())) for number, old, new in changed if old.keys() - new.keys()]
        if changed:
            self._bus.emit(PATH, NAME, "ItemsPropertiesUpdated", [each for each in updated if each[1]], removed)

    def _interface(self) -> Interface:
        return Interface(
            NAME,
            {
                "GetLayout": Method("iias", "u(ia{sv}av)", self._get_layout),
                "GetGroupProperties": Method("aias", "a(ia{sv})", self._get_group),
                "GetProperty": Method("is", "v", self._get_property),
                "Event": Method("isvu", "", self._event),
                "EventGroup": Method("a(isvu)", "ai", self._events),
                "AboutToShow": Method("i", "b", self._about_to_show),
                "AboutToShowGroup": Method("ai", "aiai", self._about_to_show_all),
            },
            {
                "Version": Property("u", lambda: 3),
                "TextDirection": Property("s", lambda: "ltr"),
                "Status": Property("s", lambda: "normal"),
                "IconThemePath": Property("as", list),
            },
            {"ItemsPropertiesUpdated": "a(ia{sv})a(ias)", "LayoutUpdated": "ui", "ItemActivationRequested": "iu"},
        )

    def _get_layout(self, parent: int, depth: int, names: list[str]) -> tuple[Any, ...]:
        return self._revision, _layout(self._row(parent), depth, names)

    def _get_group(self, numbers: list[int], names: list[str]) -> tuple[Any, ...]:
        wanted: Iterable[int] = numbers or self._by_number
        shown = [self._by_number[number] for number in wanted if number in self._by_number]
        return ([(drawn.number, _named(_properties(drawn), names)) for drawn in shown],)

    def _get_property(self, number: int, name: str) -> tuple[Any, ...]:
        found = _properties(self._row(number)).get(name)
        if found is None:
            raise Refused("UnknownProperty", f"row {number} has no {name}")
        return (found,)

    def _event(self, number: int, kind: str, _: object, __: int) -> tuple[Any, ...]:
        act = self._numbering.act(number)
        if act is None:
            self._row(number)
        if number == 0 and kind in {"opened", "closed"}:
            self._opened() if kind == "opened" else self._closed()
        elif act is not None and kind == "clicked":
            self._on_act(act)
        return ()

    def _events(self, events: list[tuple[int, str, object, int]]) -> tuple[Any, ...]:
        unknown = []
        for event in events:
            try:
                self._event(*event)
            except Refused:
                unknown.append(event[0])
        if events and len(unknown) == len(events):
            raise Refused("InvalidArgs", "there are no such rows")
        return (unknown,)

    def _about_to_show(self, number: int) -> tuple[Any, ...]:
        """Whether it has to be read again."""
        self._row(number)
        is_held = number == 0 and self._held is not None
        if is_held:
            self._closed()
        return (is_held,)

    def _about_to_show_all(self, numbers: list[int]) -> tuple[Any, ...]:
        unknown = [number for number in numbers if number not in self._by_number]
        return [number for number in numbers if number not in unknown and self._about_to_show(number)[0]], unknown

    def _row(self, number: int) -> Drawn:
        found = self._by_number.get(number)
        if found is None:
            raise Refused("InvalidArgs", f"there is no row {number}")
        return found


def _layout(drawn: Drawn, depth: int, names: list[str]) -> tuple[Any, ...]:
    below = [("(ia{sv}av)", _layout(child, depth - 1, names)) for child in drawn.children] if depth else []
    return drawn.number, _named(_properties(drawn), names), below


def _named(properties: _Properties, names: list[str]) -> _Properties:
    return {name: properties[name] for name in names if name in properties} if names else properties


def _properties(drawn: Drawn) -> _Properties:
    """Those that differ from what the interface takes for granted, and the two that some bars do not take for granted."""
    row = drawn.row
    if drawn.number == 0:
        return {"children-display": ("s", "submenu")}
    if row.is_line:
        return {"type": ("s", "separator"), "visible": ("b", True)}
    found: _Properties = {
        # An underline marks the letter of a shortcut.
        "label": ("s", plain(row.label).replace("_", "__")),
        "enabled": ("b", row.act is not None or bool(row.children)),
        "visible": ("b", True),
    }
    if row.is_checked is not None:
        found["toggle-type"] = ("s", "radio" if row.is_choice else "checkmark")
        found["toggle-state"] = ("i", int(row.is_checked))
    if row.children:
        found["children-display"] = ("s", "submenu")
    return found
