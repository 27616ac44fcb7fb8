"""The tray as a program: the icon in the main thread, the host in another, and an end that leaves nothing behind."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from copilot_api.desktop.autostart import Autostart
from copilot_api.desktop.backend import Backend, Picture
from copilot_api.desktop.face import face, title
from copilot_api.desktop.glance import Glance
from copilot_api.desktop.host import Host
from copilot_api.desktop.menu import rows
from copilot_api.desktop.news import News
from copilot_api.desktop.worker import Worker
from copilot_api.settings import Settings
from copilot_api.settings_file import Value


class Tray:
    """One run. `backend` is None where nothing can be shown: then it serves without.

    `unseen` is called, on some thread, when no bar has shown us for `bar_within_s` seconds.
    """

    def __init__(
        self,
        *,
        load: Callable[[], Settings],
        keep: Callable[[str, Value], object],
        autostart: Autostart,
        backend: Backend | None,
        unseen: Callable[[], None],
        bar_within_s: float,
    ) -> None:
        self._backend = backend
        self._bar_within_s = bar_within_s
        self._unseen = unseen
        self._picture = picture(Glance())
        self._is_over = threading.Event()
        self._patience: threading.Timer | None = None

        host = Host(load=load, keep=keep, autostart=autostart, publish=self._drawn, tell=self._told)
        self._worker = Worker(host, self._ended)

    def run(self) -> None:
        """Shows the icon and does what is clicked until somebody quits; belongs to the main thread. Raises what ended it."""
        with self._signals():
            self._worker.start()
            try:
                if self._backend is None:
                    self._is_over.wait()
                else:
                    self._host_changed(is_there=False)
                    self._backend.run(self._picture, self._worker.act, self._seen)
            finally:
                self._worker.quit()
                self._worker.join()
                self._wait_no_more()
        if self._worker.failure is not None:
            raise self._worker.failure

    def _drawn(self, glance: Glance) -> None:
        drawn = picture(glance)
        if drawn != self._picture:
            self._picture = drawn
            if self._backend is not None:
                self._backend.show(drawn)

    def _told(self, news: News) -> None:
        if self._backend is not None:
            self._backend.tell(news)

    def _ended(self) -> None:
        self._is_over.set()
        if self._backend is not None:
            self._backend.stop()

    # Whether a bar shows us

    def _seen(self, is_there: bool) -> None:  # noqa: FBT001 - what a backend calls
        self._host_changed(is_there=is_there)

    def _host_changed(self, *, is_there: bool) -> None:
        self._wait_no_more()
        if not is_there:
            self._patience = threading.Timer(self._bar_within_s, self._say_unseen)
            self._patience.daemon = True
            self._patience.start()

    def _say_unseen(self) -> None:
        self._unseen()
        self._told(
            News(
                key="unseen",
                title="Copilot API runs, but no bar here shows its icon",
                text="copilot-api status tells how it is, copilot-api stop ends it.",
            )
        )

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """The signals that end a program end this one politely; SIGUSR1 is a second start's, which wants to see us."""

        def ends(_number: int, _frame: FrameType | None) -> None:
            self._worker.quit()

        def beckons(_number: int, _frame: FrameType | None) -> None:
            self._told(News(key="here", title="Copilot API runs already", text=f"{self._picture.tooltip}."))

        names = {"SIGINT": ends, "SIGTERM": ends, "SIGBREAK": ends, "SIGHUP": ends, "SIGUSR1": beckons}
        here = {getattr(signal, name): handler for name, handler in names.items() if hasattr(signal, name)}
        before = {number: signal.signal(number, handler) for number, handler in here.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def picture(glance: Glance) -> Picture:
    """What a bar shows of it."""
    return Picture(face(glance), title(glance), rows(glance))
