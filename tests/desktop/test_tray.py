"""The tray as a program, in this process: icon in the main thread, host in another, and an end whoever ends it."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.xdg import Entry
from copilot_api.desktop.backend import Backend
from copilot_api.desktop.face import Face, face, title
from copilot_api.desktop.menu import rows
from copilot_api.desktop.tray import Tray, picture
from copilot_api.errors import StartFailed
from copilot_api.settings import Settings
from tests.builders.desktop import Desktop
from tests.builders.waiting import until
from tests.desktop.glances import GLANCES

if sys.platform == "linux":
    from copilot_api.desktop.linux_tray import LinuxTray
    from tests.builders.bar import Bar, bar


def quiet() -> Settings:
    """Nothing is served, and nobody is asked who is signed in."""
    return Settings(serve_on_launch=False, token_store="file")


def tray(
    home: Path, backend: Backend | None, *, load: Callable[[], Settings] = quiet, unseen: Callable[[], None] = lambda: None
) -> Tray:
    entry = Entry(Program(command=("/usr/bin/true",)), [home / "autostart"])
    return Tray(load=load, keep=lambda *_: None, autostart=entry, backend=backend, unseen=unseen, bar_within_s=0.1)


@pytest.mark.parametrize("wanted", Face)
def test_a_picture_is_made_of_face_words_and_menu(wanted: Face) -> None:
    glance = GLANCES[wanted]
    made = picture(glance)
    assert (made.face, made.tooltip, made.rows) == (face(glance), title(glance), rows(glance))


def test_without_a_backend_it_runs_until_a_signal_and_puts_the_handlers_back(home: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    tray(home, None).run()
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_ends_the_host_is_raised_where_the_program_was_started(home: Path) -> None:
    def broken() -> Settings:
        raise StartFailed("config.toml is not valid TOML")

    with pytest.raises(StartFailed, match="not valid TOML"):
        tray(home, None, load=broken).run()


if sys.platform == "linux":

    def robot(there: "Bar", act: Callable[["Bar"], None]) -> threading.Thread:
        """Does `act` once the icon is there, in a thread of its own: the tray has the test's."""

        def work() -> None:
            until(lambda: bool(there.items))
            act(there)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def test_an_icon_is_shown_until_it_is_quit(home: Path, session_bus: Desktop) -> None:
        seen: list[str] = []

        def look_and_quit(there: "Bar") -> None:
            seen.append(there.item("Title"))
            there.click(there.rows().find("Quit").number)

        with bar(session_bus.address) as there:
            working = robot(there, look_and_quit)
            tray(home, LinuxTray(), unseen=lambda: seen.append("unseen")).run()
            working.join()
        assert seen == ["Copilot API"]

    def test_a_second_start_is_told_where_the_first_is(home: Path, session_bus: Desktop) -> None:
        told: list[str] = []

        def notify(_app: str, _id: int, _icon: str, summary: str, *_: object) -> tuple[str, tuple[int]]:
            told.append(summary)
            return "u", (1,)

        def beckon_and_quit(there: "Bar") -> None:
            os.kill(os.getpid(), signal.SIGUSR1)
            until(lambda: bool(told))
            there.click(there.rows().find("Quit").number)

        with bar(session_bus.address) as there:
            there.answers |= {"GetCapabilities": lambda: ("as", ([],)), "Notify": notify}
            there.own("org.freedesktop.Notifications")
            working = robot(there, beckon_and_quit)
            tray(home, LinuxTray()).run()
            working.join()
        assert told == ["Copilot API runs already"]

    def test_it_is_said_once_that_no_bar_shows_it(home: Path, session_bus: Desktop) -> None:
        said: list[str] = []

        def unseen() -> None:
            said.append("unseen")
            threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()

        tray(home, LinuxTray(), unseen=unseen).run()
        assert said == ["unseen"]
