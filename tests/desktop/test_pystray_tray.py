"""What Windows and macOS share, with pystray itself and a screen that is none: its dummy backend, given a loop of its own."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

import pystray
import pytest

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.face import Face
from copilot_api.desktop.menu import LINE, Act, Row
from copilot_api.desktop.news import News
from copilot_api.desktop.pystray_tray import PystrayTray
from tests.builders.shown import Shown
from tests.builders.trays import picture
from tests.builders.waiting import until


class Screen(pystray.Icon):
    """pystray's dummy with what a system adds: a loop on the main thread, and a look at what is drawn there."""

    on_click: Callable[[], None]
    on_end: Callable[[], None]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.drawn: list[tuple[str, object]] = []
        self.told: list[tuple[str, str | None]] = []
        self.wakes = 0

    def post(self, job: Callable[[], object]) -> None:
        self.wakes += job is bool
        self.jobs.put(job)

    def _draw(self, what: str, value: object = None) -> None:
        assert threading.current_thread() is threading.main_thread(), f"{what} is drawn on another thread"
        self.drawn.append((what, value))

    def _run(self) -> None:
        self._mark_ready()
        while (job := self.jobs.get()) is not None:
            job()

    def _stop(self) -> None:
        self._draw("stop")
        self.jobs.put(None)

    def _show(self) -> None:
        self._draw("show")

    def _hide(self) -> None:
        self._draw("hide")

    def _update_icon(self) -> None:
        self._draw("icon", self.icon)
        self._icon_valid = True

    def _update_title(self) -> None:
        self._draw("title", self.title)

    def _update_menu(self) -> None:
        self._draw("menu", [item.text for item in self.menu])

    def _notify(self, message: str, title: str | None = None) -> None:
        self.told.append((message, title))


def test_the_icon_is_shown_and_taken_away() -> None:
    shown = Shown(Screen, picture(Face.SERVING), lambda shown: until(lambda: shown.screen.visible))
    assert ("icon", Face.SERVING) in shown.screen.drawn
    assert shown.screen.title == picture(Face.SERVING).tooltip
    assert shown.screen.drawn[-2:] == [("stop", None), ("hide", None)]


def test_clicks_come_back_from_every_depth() -> None:
    def script(shown: Shown[Screen]) -> None:
        for label in ("Stop serving", "Codex", "Enterprise"):
            shown.click(label)
        until(lambda: len(shown.acts) == 3)

    acts = Shown(Screen, picture(Face.SERVING), script).acts
    assert acts == [Act("serve", target=False), Act("set-up", "Codex"), Act("account-type", "enterprise")]


def test_rows_look_as_they_should() -> None:
    rows = (
        Row("Serving"),
        LINE,
        Row("Start at login", Act("start-at-login", target=False), is_checked=True),
        Row("Account", children=(Row("A & B", Act("account-type", "a"), is_checked=False, is_choice=True),)),
    )
    found: list[Any] = []

    def script(shown: Shown[Screen]) -> None:
        found.extend([shown.find("Serving"), shown.find("Start at login"), shown.find("Account"), shown.find("A && B")])
        shown.click("Serving")

    shown = Shown(Screen, Picture(Face.SERVING, "", rows), script, literally=lambda label: label.replace("&", "&&"))
    looks = [(item.enabled, item.checked, item.radio) for item in found]
    assert looks == [(False, None, False), (True, True, False), (True, None, False), (True, False, True)]
    assert next(iter(list(shown.screen.menu)[1:])) is pystray.Menu.SEPARATOR
    assert shown.acts == []


def is_titled(shown: Shown[Screen], tooltip: str) -> bool:
    return bool(shown.screen.title == tooltip)


def test_other_pictures_are_drawn_on_the_main_thread_and_the_same_face_only_once() -> None:
    def script(shown: Shown[Screen]) -> None:
        until(lambda: shown.screen.visible)
        for tooltip in ("one", "two"):
            shown.tray.show(Picture(Face.FAILING, tooltip, (Row(tooltip),)))
            until(partial(is_titled, shown, tooltip))

    drawn = Shown(Screen, picture(Face.SERVING), script).screen.drawn
    assert [value for what, value in drawn if what == "icon"] == [Face.SERVING, Face.FAILING]
    assert [value for what, value in drawn if what == "menu"][-2:] == [["one"], ["two"]]


def test_many_pictures_in_a_moment_are_few_on_the_screen() -> None:
    def script(shown: Shown[Screen]) -> None:
        until(lambda: shown.screen.visible)
        for number in range(200):
            shown.tray.show(Picture(Face.SERVING, f"{number} active", (Row("row"),)))
        until(lambda: shown.screen.title == "199 active")

    drawn = Shown(Screen, picture(Face.SERVING), script).screen.drawn
    assert len([1 for what, _ in drawn if what == "title"]) <= 5


def test_news_are_told_and_a_click_on_their_text_comes_back() -> None:
    def script(shown: Shown[Screen]) -> None:
        shown.screen.on_click()
        shown.tray.tell(News(key="code", title="Your code is QX", text="Enter it", act=Act("copy-code")))
        until(lambda: len(shown.screen.told) == 1)
        shown.screen.on_click()
        shown.tray.tell(News(key="in", title="Signed in"))
        until(lambda: len(shown.screen.told) == 2)
        shown.screen.on_click()

    shown = Shown(Screen, picture(Face.SERVING), script)
    assert shown.screen.told == [("Enter it", "Your code is QX"), ("Signed in", "Copilot API")]
    assert shown.acts == [Act("copy-code")]


def test_news_that_cannot_be_shown_do_not_end_the_icon(caplog: pytest.LogCaptureFixture) -> None:
    def fail(message: str, title: str | None = None) -> None:
        raise OSError("no osascript here")

    def script(shown: Shown[Screen]) -> None:
        shown.screen._notify = fail
        shown.tray.tell(News(key="in", title="Signed in"))
        shown.tray.show(picture(Face.STOPPED))
        until(lambda: shown.screen.icon is Face.STOPPED)

    Shown(Screen, picture(Face.SERVING), script)
    assert "no osascript here" in caplog.text


def test_what_is_wanted_before_it_runs_is_done_when_it_does() -> None:
    screens: list[Screen] = []

    def make(*arguments: Any) -> Screen:
        screens.append(Screen(*arguments))
        return screens[0]

    tray = PystrayTray(make)
    tray.show(picture(Face.STOPPED))
    tray.stop()
    tray.run(picture(Face.SERVING), lambda _: None, lambda _: None)
    assert screens[0].icon is Face.STOPPED


def test_handlers_of_signals_are_run_while_the_system_has_the_thread() -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))

    def script(shown: Shown[Screen]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        until(lambda: bool(caught))
        until(lambda: shown.screen.wakes > 0)

    try:
        Shown(Screen, picture(Face.SERVING), script)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught == [signal.SIGTERM]
    assert signal.set_wakeup_fd(-1) == -1


def test_the_end_of_the_session_ends_the_icon() -> None:
    shown = Shown(Screen, picture(Face.SERVING), lambda shown: shown.screen.on_end())
    assert ("stop", None) in shown.screen.drawn
