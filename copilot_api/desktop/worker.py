"""The thread in which the tray's host lives: verbs go in, glances come out, and its end is waited for."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from copilot_api.desktop.host import Host
from copilot_api.desktop.menu import Act


class Worker:
    """One host on a loop of its own thread. `ended` is called there when it is over.

    `failure` is what ended it, if it should not have ended.
    """

    def __init__(self, host: Host, ended: Callable[[], None]) -> None:
        self._host = host
        self._ended = ended
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="host")
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def act(self, act: Act) -> None:
        """Begins what a click wants. From any thread; returns at once."""
        self._call(lambda: self._host.act(act))

    def quit(self) -> None:
        """Lets the host end; called again, at once. From any thread; returns at once."""
        self._call(self._host.quit)

    def join(self) -> None:
        """Waits for the end."""
        self._thread.join()

    def _call(self, verb: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: it is over
            self._loop.call_soon_threadsafe(verb)

    def _work(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._host.run())
        except BaseException as error:  # noqa: BLE001 - a thread's top: raised again in the one that waits for it
            self.failure = error
        finally:
            self._ended()
