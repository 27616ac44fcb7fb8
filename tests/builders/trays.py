"""A tray that runs in a thread of the test, and what it told."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from copilot_api.desktop.backend import Backend, Picture
from copilot_api.desktop.face import Face, face, title
from copilot_api.desktop.glance import Glance
from copilot_api.desktop.menu import Act, rows
from tests.desktop.glances import GLANCES


def picture(what: Face | Glance) -> Picture:
    """What the program shows for it, with everything in the menu that there may be."""
    glance = what if isinstance(what, Glance) else GLANCES[what]
    glance = dataclasses.replace(glance, clients=("Claude Code", "Codex"), starts_at_login=True, version="1.0.0")
    return Picture(face(glance), title(glance), rows(glance))


class Running:
    """A tray at work. `acts` are the clicks, `hosts` whether there was a bar, in their order."""

    def __init__(self, backend: Backend, first: Picture) -> None:
        self.backend = backend
        self.acts: list[Act] = []
        self.hosts: list[bool] = []
        self.thread = Thread(target=backend.run, args=(first, self.acts.append, self.hosts.append), daemon=True)
        self.thread.start()

    def end(self) -> None:
        """Stops it, and makes sure that it has."""
        self.backend.stop()
        self.thread.join(10)
        assert not self.thread.is_alive(), "the tray does not end"


@contextmanager
def running(backend: Backend, first: Picture) -> Iterator[Running]:
    """The tray, until the block ends."""
    tray = Running(backend, first)
    try:
        yield tray
    finally:
        tray.end()
