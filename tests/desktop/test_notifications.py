"""What is told once, over a real bus, with another program that shows it."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from copilot_api.desktop.backend import Backend
from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import Icons
from copilot_api.desktop.linux_tray import LinuxTray
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.news import News
from tests.builders.bar import Caller, bar
from tests.builders.desktop import Desktop
from tests.builders.trays import Running, picture, running
from tests.builders.waiting import until

NAME = "org.freedesktop.Notifications"
PLACE = ("/org/freedesktop/Notifications", NAME)
CODE = News(
    key="code",
    title="Your code is <b>QX</b>",
    text="Enter it at GitHub & wait",
    act=Act("open-page", "https://github.com/login/device"),
    buttons=(Row("Open the page", Act("open-page", "https://github.com/login/device")), Row("Copy", Act("copy-code"))),
    is_urgent=True,
)


class Daemon(Caller):
    """A program that shows notifications, as far as `able` says."""

    def __init__(self, address: str, *able: str) -> None:
        self.shown: list[dict[str, Any]] = []
        self.closed: list[int] = []
        self._numbers = count(1)
        answers: dict[str, Callable[..., tuple[str, tuple[Any, ...]]]] = {
            "GetCapabilities": lambda: ("as", (list(able),)),
            "Notify": self._notify,
            "CloseNotification": self._close,
        }
        super().__init__(address, answers)
        self.own(NAME)

    def _notify(self, *told: Any) -> tuple[str, tuple[Any, ...]]:
        names = ("application", "replaces", "icon", "title", "text", "actions", "hints", "timeout")
        number = told[1] or next(self._numbers)
        self.shown.append(dict(zip(names, told, strict=True)) | {"number": number})
        return "u", (number,)

    def _close(self, number: int) -> tuple[str, tuple[Any, ...]]:
        self.closed.append(number)
        return "", ()

    def click(self, number: int, action: str, *, to: str | None = None) -> None:
        self.emit(PLACE, "ActionInvoked", "us", number, action, to=to)


@pytest.fixture
def daemon(session_bus: Desktop) -> Iterator[Daemon]:
    program = Daemon(session_bus.address, "body", "actions", "body-markup")
    yield program
    program.close()


@pytest.fixture
def tray(session_bus: Desktop) -> Iterator[Running]:
    with running(LinuxTray(), picture(Face.SERVING)) as shown:
        until(lambda: shown.hosts == [False])
        yield shown


def tell(backend: Backend, daemon: Daemon, news: News) -> dict[str, Any]:
    before = daemon.answered
    backend.tell(news)
    until(lambda: daemon.answered == before + 2)  # what it can do, and what number it gave
    return daemon.shown[-1]


def test_it_is_shown_as_it_was_meant(daemon: Daemon, tray: Running) -> None:
    shown = tell(tray.backend, daemon, CODE)
    assert (shown["application"], shown["replaces"], shown["timeout"]) == ("Copilot API", 0, -1)
    assert shown["title"] == "Your code is <b>QX</b>"
    assert shown["text"] == "Enter it at GitHub &amp; wait"
    assert shown["actions"][::2][0] == "default"
    assert shown["actions"][1::2] == ["", "Open the page", "Copy"]
    assert shown["hints"]["urgency"] == ("y", 2)
    width, height, row, has_cover, bits, colours, pixels = shown["hints"]["image-data"][1]
    assert (width, height, row, has_cover, bits, colours) == (64, 64, 256, True, 8, 4)
    argb = Icons().argb(Face.SERVING)[64]
    middle = 4 * (32 * 64 + 32)
    assert pixels[middle : middle + 4] == argb[middle + 1 : middle + 4] + argb[middle : middle + 1]
    assert tell(tray.backend, daemon, News(key="in", title="Signed in"))["hints"]["urgency"] == ("y", 1)


def test_clicks_on_a_button_and_on_the_text_come_back(daemon: Daemon, tray: Running) -> None:
    shown = tell(tray.backend, daemon, CODE)
    _, _, page, _, copy, _ = shown["actions"]
    for name in (copy, "default", page, "unknown"):
        daemon.click(shown["number"], name)
    daemon.click(4711, copy)
    until(lambda: len(tray.acts) == 3)
    opens = Act("open-page", "https://github.com/login/device")
    assert tray.acts == [Act("copy-code"), opens, opens]


def test_a_click_that_another_program_invents_is_none(daemon: Daemon, tray: Running, session_bus: Desktop) -> None:
    with bar(session_bus.address) as forger:
        until(lambda: tray.hosts == [False, True])
        shown = tell(tray.backend, daemon, CODE)
        forger.emit(PLACE, "ActionInvoked", "us", shown["number"], shown["actions"][2], to=forger.items[0])
        forger.emit(PLACE, "ActionInvoked", "us", shown["number"], shown["actions"][2])
        daemon.click(shown["number"], shown["actions"][4])
        until(lambda: bool(tray.acts))
        assert tray.acts == [Act("copy-code")]


def test_a_newer_one_takes_the_place_of_the_older_and_of_what_a_click_on_that_meant(daemon: Daemon, tray: Running) -> None:
    old = tell(tray.backend, daemon, News(key="approval", title="one", buttons=(Row("Once", Act("approve", "once 1")),)))
    until(lambda: old["number"] == 1)
    new = tell(tray.backend, daemon, News(key="approval", title="two", buttons=(Row("Once", Act("approve", "once 2")),)))
    assert new["replaces"] == old["number"]
    assert "default" not in new["actions"]
    daemon.click(1, old["actions"][0])
    daemon.click(1, new["actions"][0])
    until(lambda: bool(tray.acts))
    assert tray.acts == [Act("approve", "once 2")]


def test_one_that_was_closed_is_told_anew_and_its_buttons_are_dead(daemon: Daemon, tray: Running) -> None:
    shown = tell(tray.backend, daemon, CODE)
    daemon.emit(PLACE, "NotificationClosed", "uu", shown["number"], 2)
    daemon.click(shown["number"], shown["actions"][2])
    again = tell(tray.backend, daemon, CODE)
    assert again["replaces"] == 0
    assert tray.acts == []


def test_one_that_shows_only_text_gets_only_text(session_bus: Desktop, tray: Running) -> None:
    plain = Daemon(session_bus.address, "body")
    shown = tell(tray.backend, plain, CODE)
    assert shown["text"] == "Enter it at GitHub & wait"
    assert shown["actions"] == []
    plain.close()


def test_nobody_who_shows_it_is_no_error_and_the_next_who_does_counts_anew(
    session_bus: Desktop, tray: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "copilot_api"):
        tray.backend.tell(CODE)
        until(lambda: "nobody shows notifications" in caplog.text)
    for _ in range(2):
        daemon = Daemon(session_bus.address, "body", "actions")
        assert tell(tray.backend, daemon, CODE)["replaces"] == 0
        daemon.close()
    assert not [record for record in caplog.records if record.levelname != "DEBUG"]


def test_one_that_refuses_is_no_error(session_bus: Desktop, tray: Running, caplog: pytest.LogCaptureFixture) -> None:
    refusing = Caller(session_bus.address, {"GetCapabilities": lambda: ("as", (["body"],))})
    refusing.own(NAME)
    with caplog.at_level("DEBUG", "copilot_api"):
        tray.backend.tell(CODE)
        until(lambda: "was not shown" in caplog.text)
    refusing.close()


def test_what_could_not_be_answered_any_more_is_taken_away_at_the_end(daemon: Daemon, session_bus: Desktop) -> None:
    with running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [False])
        asking = tell(tray.backend, daemon, CODE)["number"]
        tell(tray.backend, daemon, News(key="in", title="Signed in"))
    until(lambda: daemon.closed == [asking])


def test_a_click_that_opens_no_menu_is_answered_by_how_things_are(session_bus: Desktop, daemon: Daemon) -> None:
    with bar(session_bus.address) as there, running(LinuxTray(), picture(Face.LOW)) as tray:
        until(lambda: tray.hosts == [True])
        there.call(there.items[0], ("/StatusNotifierItem", "org.kde.StatusNotifierItem"), "Activate", "ii", 1, 1)
        until(lambda: bool(daemon.shown))
        assert daemon.shown[0]["title"] == picture(Face.LOW).tooltip
        assert "right button" in daemon.shown[0]["text"]
