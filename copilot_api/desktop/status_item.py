"""org.kde.StatusNotifierItem: the icon as bars on Linux ask for it: KDE's, Xfce's, LXQt's, waybar, GNOME's with an extension.

Specification: https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/
"""

import logging
from collections.abc import Callable
from typing import Any

from copilot_api.desktop import dbus_menu
from copilot_api.desktop.backend import Picture
from copilot_api.desktop.dbus import Answer, Bus, Heard, Remote
from copilot_api.desktop.dbus_objects import Interface, Method, Property, Refused
from copilot_api.desktop.drawn import plain
from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import Icons

PATH = "/StatusNotifierItem"
NAME = "org.kde.StatusNotifierItem"
WATCHER = "org.kde.StatusNotifierWatcher"
TITLE = "Copilot API"

_REGISTER = Remote(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisterStatusNotifierItem", "s")
_GET = Remote(WATCHER, "/StatusNotifierWatcher", "org.freedesktop.DBus.Properties", "Get", "ss", "v")
_HOSTS = ("StatusNotifierHostRegistered", "StatusNotifierHostUnregistered")

_STARTING_S = 60.0
"""Seconds in which a bar answers that has just taken its name, while a whole desktop starts."""

_URGENT = {Face.APPROVAL, Face.SIGNING_IN}
"""Faces for which a bar brings the icon out of where it keeps those that are seldom looked at."""

_log = logging.getLogger(__name__)


class StatusItem:
    """The icon on the bus. `on_host` is told whether a bar shows it, each time that this changes, and `on_click` of clicks that
    do not open the menu.
    """

    def __init__(
        self,
        bus: Bus,
        picture: Picture,
        icons: Icons,
        *,
        name: str,
        on_host: Callable[[bool], None],
        on_click: Callable[[], None],
    ) -> None:
        self._bus = bus
        self._picture = picture
        self._icons = icons
        self._on_host = on_host
        self._on_click = on_click
        self._name = name
        self._is_shown: bool | None = None
        bus.offer(PATH, self._interface())
        bus.own(name)
        for signal in _HOSTS:
            bus.listen(Heard(WATCHER, WATCHER, signal), self._ask_for_hosts)
        bus.watch(WATCHER, self._watcher_changed)

    def draw(self, picture: Picture) -> None:
        """Shows another icon and other words."""
        before, self._picture = self._picture, picture
        if picture.face is not before.face:
            self._emit("NewIcon")
            self._emit("NewAttentionIcon")
        if _status(picture.face) != _status(before.face):
            self._emit("NewStatus", _status(picture.face))
        if picture.tooltip != before.tooltip:
            self._emit("NewToolTip")

    def _emit(self, signal: str, *arguments: Any) -> None:
        self._bus.emit(PATH, NAME, signal, *arguments)

    def _watcher_changed(self, owner: str) -> None:
        if owner:
            # In a sandbox process ids are few, and another program may have the name that is made of ours.
            name = self._name if self._bus.owns(self._name) else self._bus.unique_name
            self._bus.ask(_REGISTER, name, then=self._registered, timeout_s=_STARTING_S)
        else:
            self._shown(is_shown=False)

    def _registered(self, answer: Answer) -> None:
        if isinstance(answer, Refused):
            _log.debug("no bar takes the icon: %s", answer)
            self._shown(is_shown=False)
        else:
            self._ask_for_hosts()

    def _ask_for_hosts(self) -> None:
        """A watcher only keeps the list; there may be nobody who draws it."""
        self._bus.ask(_GET, WATCHER, "IsStatusNotifierHostRegistered", then=self._hosts_told)

    def _hosts_told(self, answer: Answer) -> None:
        if not self._bus.unique_name:
            return  # and so nobody to draw it
        # A watcher that does not tell draws it itself.
        self._shown(is_shown=isinstance(answer, Refused) or answer[0] != ("b", False))

    def _shown(self, *, is_shown: bool) -> None:
        if is_shown != self._is_shown:
            self._is_shown = is_shown
            self._on_host(is_shown)

    def _activated(self, _: int, __: int) -> tuple[Any, ...]:
        """A click of the left button, from a bar that does not care for `ItemIsMenu` (LXQt): nobody may click in vain."""
        self._on_click()
        return ()

    def _pixmaps(self) -> list[tuple[int, int, bytes]]:
        return [(size, size, pixels) for size, pixels in self._icons.argb(self._picture.face).items()]

    def _interface(self) -> Interface:
        nothing = Property("s", str)
        return Interface(
            NAME,
            {
                "Activate": Method("ii", "", self._activated),
                "Scroll": Method("is", "", lambda _, __: ()),
            },
            {
                "Category": Property("s", lambda: "ApplicationStatus"),
                "Id": Property("s", lambda: "copilot-api"),
                "Title": Property("s", lambda: TITLE),
                "Status": Property("s", lambda: _status(self._picture.face)),
                "WindowId": Property("i", lambda: 0),
                "IconName": nothing,
                "IconThemePath": nothing,
                "IconPixmap": Property("a(iiay)", self._pixmaps),
                "OverlayIconName": nothing,
                "OverlayIconPixmap": Property("a(iiay)", list),
                "AttentionIconName": nothing,
                "AttentionIconPixmap": Property("a(iiay)", self._pixmaps),
                "AttentionMovieName": nothing,
                # The title is shown as it is, the text after it as markup by some.
                "ToolTip": Property("(sa(iiay)ss)", lambda: ("", [], plain(self._picture.tooltip), "")),
                "ItemIsMenu": Property("b", lambda: True),
                "Menu": Property("o", lambda: dbus_menu.PATH),
            },
            {
                **dict.fromkeys(("NewTitle", "NewIcon", "NewAttentionIcon", "NewOverlayIcon", "NewToolTip"), ""),
                "NewStatus": "s",
            },
        )


def _status(face: Face) -> str:
    return "NeedsAttention" if face in _URGENT else "Active"
