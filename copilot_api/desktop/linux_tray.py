"""The tray of Linux desktops: icon, menu and notifications over D-Bus, on a loop of their own in the main thread."""

import asyncio
import os
from collections.abc import Callable
from threading import RLock

from copilot_api.desktop import dbus_socket
from copilot_api.desktop.backend import PACE_S, Picture
from copilot_api.desktop.dbus import Bus
from copilot_api.desktop.dbus_menu import DbusMenu
from copilot_api.desktop.icons import Icons
from copilot_api.desktop.menu import Act
from copilot_api.desktop.news import News
from copilot_api.desktop.notifications import Notifications
from copilot_api.desktop.status_item import StatusItem

_HOW_TO_OPEN = "A click with the right button opens the menu."


class LinuxTray:
    """A backend. It waits for a bar as long as there is none, and for the bus when that has gone."""

    def __init__(self) -> None:
        self._icons = Icons()
        self._lock = RLock()  # a handler of a signal may call `stop` wherever the main thread is
        self._early: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = False
        self._next: Picture | None = None
        self._drawn_at = float("-inf")

    def run(self, picture: Picture, on_act: Callable[[Act], None], on_host: Callable[[bool], None]) -> None:
        """Shows the icon until `stop`. Handlers that `signal.signal` has set are run meanwhile."""
        asyncio.run(self._live(picture, on_act, on_host))

    def show(self, picture: Picture) -> None:
        """Draws another picture; of several in quick succession only the last."""
        with self._lock:
            is_waiting, self._next = self._next is not None, picture
        if not is_waiting:
            self._post(self._draw_soon)

    def tell(self, news: News) -> None:
        """Shows a notification."""
        self._post(lambda: self._notifications.tell(news))

    def stop(self) -> None:
        """Takes everything away."""
        self._post(self._end)

    async def _live(self, picture: Picture, on_act: Callable[[Act], None], on_host: Callable[[bool], None]) -> None:
        self._bus = Bus(dbus_socket.session)
        self._notifications = Notifications(self._bus, self._icons, on_act)
        self._menu = DbusMenu(self._bus, on_act)
        self._menu.draw(picture.rows)
        name = f"org.kde.StatusNotifierItem-{os.getpid()}-1"  # as the specification wants it
        self._picture = picture
        self._item = StatusItem(self._bus, picture, self._icons, name=name, on_host=on_host, on_click=self._clicked)
        self._open()
        try:
            await self._bus.run()
        finally:
            with self._lock:
                self._loop, self._is_over = None, True

    def _open(self) -> None:
        """From now on what other threads want is done at once, and first what they wanted before."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
            early, self._early = self._early, []
        for wanted in early:
            self._loop.call_soon(wanted)

    def _post(self, wanted: Callable[[], None]) -> None:
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(wanted)
            elif not self._is_over:
                self._early.append(wanted)

    def _draw_soon(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(max(loop.time(), self._drawn_at + PACE_S), self._draw)

    def _draw(self) -> None:
        self._drawn_at = asyncio.get_running_loop().time()
        with self._lock:
            picture, self._next = self._next, None
        if picture is not None:
            self._picture = picture
            self._item.draw(picture)
            self._menu.draw(picture.rows)

    def _clicked(self) -> None:
        self._notifications.tell(News(key="clicked", title=self._picture.tooltip, text=_HOW_TO_OPEN))

    def _end(self) -> None:
        self._notifications.close()
        self._bus.close()
