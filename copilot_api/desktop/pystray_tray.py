"""The tray where pystray draws it: Windows and macOS. What differs between the two stands in a module for each.

Everything that touches the icon happens on the main thread, which pystray leaves to its caller and does not do by itself
(https://github.com/moses-palmer/pystray/issues/60). A thread of pystray's own waits for what is wanted and hands it over.
"""

import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Protocol

from pystray import Menu, MenuItem

from copilot_api.desktop.backend import PACE_S, Picture
from copilot_api.desktop.face import Face
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.news import News

NAME = "copilot-api"
TITLE = "Copilot API"

_log = logging.getLogger(__name__)


class NativeIcon(Protocol):
    """What pystray's icons have, and what ours add: to draw a face, to take a job to the main thread, to hear of clicks."""

    icon: Face
    title: str
    menu: Menu
    visible: bool
    on_click: Callable[[], None]
    on_end: Callable[[], None]

    def run(self, setup: Callable[[Any], None]) -> None: ...
    def stop(self) -> None: ...
    def notify(self, message: str, title: str) -> None: ...
    def post(self, job: Callable[[], object]) -> None: ...


class PystrayTray:
    """A backend. `make` makes the icon, on the main thread: it is given a name, a face, a tooltip and a menu. `literally` makes
    a label of a text in which nothing is to have a meaning.
    """

    def __init__(self, make: Callable[[str, Face, str, Menu], NativeIcon], literally: Callable[[str], str] = str) -> None:
        self._make = make
        self._literally = literally
        self._wanted: SimpleQueue[Callable[[NativeIcon], None] | None] = SimpleQueue()
        self._lock = Lock()
        self._next: Picture | None = None
        self._over = Event()
        self._on_act: Callable[[Act], None]
        self._on_text: Act | None = None

    def run(self, picture: Picture, on_act: Callable[[Act], None], on_host: Callable[[bool], None]) -> None:
        """Shows the icon until `stop`. Handlers that `signal.signal` has set are run meanwhile."""
        self._on_act = on_act
        icon = self._make(NAME, picture.face, picture.tooltip, self._menu(picture.rows))
        icon.on_click, icon.on_end = self._clicked, self.stop
        with _woken_by_signals(lambda: icon.post(bool)):
            icon.run(lambda _: self._work(icon, on_host))
        icon.visible = False  # here: pystray would do it when the icon is collected, on whatever thread that happens
        self.stop()

    def show(self, picture: Picture) -> None:
        """Draws another picture; of several in quick succession only the last."""
        with self._lock:
            is_waiting, self._next = self._next is not None, picture
        if not is_waiting:
            self._wanted.put(self._show)

    def tell(self, news: News) -> None:
        """Shows a notification. pystray has no buttons for it."""
        self._wanted.put(lambda icon: self._tell(icon, news))

    def stop(self) -> None:
        """Takes the icon away."""
        self._over.set()
        self._wanted.put(None)

    def _work(self, icon: NativeIcon, on_host: Callable[[bool], None]) -> None:
        icon.post(lambda: setattr(icon, "visible", True))
        on_host(True)
        while (wanted := self._wanted.get()) is not None:
            try:
                wanted(icon)
            except Exception:  # noqa: BLE001 - what cannot be drawn once must not end the icon
                _log.exception("the tray icon could not be changed")
        icon.post(icon.stop)

    def _show(self, icon: NativeIcon) -> None:
        icon.post(lambda: self._draw(icon))
        self._over.wait(PACE_S)

    def _draw(self, icon: NativeIcon) -> None:
        with self._lock:
            picture, self._next = self._next, None
        if picture is None:
            return
        if icon.icon is not picture.face:
            icon.icon = picture.face
        icon.title = picture.tooltip
        icon.menu = self._menu(picture.rows)

    def _tell(self, icon: NativeIcon, news: News) -> None:
        self._on_text = news.act
        # A text that is empty would take the last one away (Windows).
        icon.notify(news.text or news.title, news.title if news.text else TITLE)

    def _clicked(self) -> None:
        """The text of the last notification was clicked."""
        if self._on_text is not None:
            self._on_act(self._on_text)

    def _menu(self, rows: tuple[Row, ...]) -> Menu:
        return Menu(*(self._item(row) for row in rows))

    def _item(self, row: Row) -> MenuItem:
        if row.is_line:
            return Menu.SEPARATOR
        act, is_checked = row.act, row.is_checked
        below = self._menu(row.children) if row.children else None
        return MenuItem(
            self._literally(row.label),
            below or (lambda: None if act is None else self._on_act(act)),
            checked=None if is_checked is None else lambda _: is_checked,
            radio=row.is_choice,
            enabled=act is not None or bool(row.children),
        )


@contextmanager
def _woken_by_signals(wake: Callable[[], None]) -> Iterator[None]:
    """Python runs the handlers of signals on the main thread when that comes back to Python, which a loop of the system's does
    only when something happens there.
    """
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)

    def wait() -> None:
        while ours.recv(64):
            wake()

    waiter = Thread(target=wait, name="signals", daemon=True)
    waiter.start()
    with closing(ours):
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            theirs.close()
            waiter.join()
