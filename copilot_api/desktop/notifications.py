"""org.freedesktop.Notifications: what is told once, on Linux. Where nobody shows it, nothing happens.

Specification: https://specifications.freedesktop.org/notification-spec/latest/
"""

import logging
from collections.abc import Callable
from html import escape
from itertools import count
from typing import Any

from copilot_api.desktop.dbus import Answer, Bus, Heard, Remote
from copilot_api.desktop.dbus_objects import Refused
from copilot_api.desktop.drawn import plain
from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import Icons
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.news import News

NAME = "org.freedesktop.Notifications"
APPLICATION = "Copilot API"
ICON_SIZE = 64

# The specification's: https://specifications.freedesktop.org/notification-spec/latest/protocol.html
_CAPABILITIES, _NOTIFY, _CLOSE = (
    Remote(NAME, "/org/freedesktop/Notifications", NAME, member, takes, gives)
    for member, takes, gives in (
        ("GetCapabilities", "", "as"),
        ("Notify", "susssasa{sv}i", "u"),
        ("CloseNotification", "u", ""),
    )
)
_ON_ITS_TEXT = "default"
_NORMAL, _CRITICAL = 1, 2
_AS_LONG_AS_USUAL = -1

_log = logging.getLogger(__name__)


class Notifications:
    """What is shown at the moment. `on_act` is called with what a click on a button, or on the text, wants."""

    def __init__(self, bus: Bus, icons: Icons, on_act: Callable[[Act], None]) -> None:
        self._bus = bus
        self._icons = icons
        self._on_act = on_act
        self._names = map(str, count())
        self._numbers: dict[str, int] = {}
        self._acts: dict[int, dict[str, Act]] = {}
        bus.listen(Heard(NAME, NAME, "ActionInvoked", "us"), self._invoked)
        bus.listen(Heard(NAME, NAME, "NotificationClosed", "uu"), lambda number, _: self._forget(number))
        bus.watch(NAME, self._changed)

    def tell(self, news: News) -> None:
        """Shows it, in place of an older one with its key."""
        self._bus.ask(_CAPABILITIES, then=lambda answer: self._show(news, answer))

    def close(self) -> None:
        """Takes away what nobody could answer any more."""
        for number, acts in self._acts.items():
            if acts:
                self._bus.ask(_CLOSE, number)

    def _show(self, news: News, capabilities: Answer) -> None:
        if isinstance(capabilities, Refused):
            _log.debug("nobody shows notifications: %s", capabilities)
            return
        [able] = capabilities
        offered = self._offered(news) if "actions" in able else {}
        arguments = (
            APPLICATION,
            self._numbers.get(news.key, 0),
            "",
            plain(news.title),
            plain(news.text, escape if "body-markup" in able else str),
            [text for name, row in offered.items() for text in (name, plain(row.label))],
            self._hints(news),
            _AS_LONG_AS_USUAL,
        )
        acts = {name: row.act for name, row in offered.items() if row.act is not None}
        self._bus.ask(_NOTIFY, *arguments, then=lambda answer: self._shown(news.key, acts, answer))

    def _offered(self, news: News) -> dict[str, Row]:
        """Rows by the names that a click gives back: none twice, so that a click on an older text does nothing new."""
        on_its_text = {_ON_ITS_TEXT: Row(act=news.act)} if news.act is not None else {}
        return on_its_text | {next(self._names): row for row in news.buttons}

    def _shown(self, key: str, acts: dict[str, Act], answer: Answer) -> None:
        if isinstance(answer, Refused):
            _log.debug("a notification was not shown: %s", answer)
            return
        [number] = answer
        self._numbers[key] = number
        self._acts[number] = acts

    def _hints(self, news: News) -> dict[str, tuple[str, Any]]:
        return {
            "urgency": ("y", _CRITICAL if news.is_urgent else _NORMAL),
            "desktop-entry": ("s", "copilot-api"),
            "image-data": ("(iiibiiay)", _picture(self._icons.argb(Face.SERVING)[ICON_SIZE])),
        }

    def _invoked(self, number: int, name: str) -> None:
        act = self._acts.get(number, {}).get(name)
        if act is not None:
            self._on_act(act)

    def _forget(self, number: int) -> None:
        self._acts.pop(number, None)
        self._numbers = {key: other for key, other in self._numbers.items() if other != number}

    def _changed(self, _: str) -> None:
        """Another program counts anew."""
        self._numbers.clear()
        self._acts.clear()


def _picture(argb: bytes) -> tuple[int, int, int, bool, int, int, bytes]:
    """Width, height, bytes of a row, whether there is cover, bits of a colour, colours of a pixel, and the pixels."""
    pixels = bytearray(len(argb))
    for place in range(4):
        pixels[place::4] = argb[(place + 1) % 4 :: 4]
    return ICON_SIZE, ICON_SIZE, 4 * ICON_SIZE, True, 8, 4, bytes(pixels)
