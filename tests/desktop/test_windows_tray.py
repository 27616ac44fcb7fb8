"""The tray of Windows: pystray's own code for it runs here, over as much of Windows as it calls."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.backends import open_backend
from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import Icons, dib
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.news import News
from copilot_api.desktop.pystray_tray import PystrayTray
from tests.builders.shown import Shown
from tests.builders.trays import picture
from tests.builders.waiting import until
from tests.builders.windows import TASKBAR_CREATED, Windows, windows

LEFT, RIGHT, TEXT = 0x202, 0x205, 0x405
WM_NOTIFY, WM_MOUSEMOVE, WM_QUERYENDSESSION, WM_ENDSESSION = 0x40B, 0x200, 0x11, 0x16


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[Windows]:
    with windows(monkeypatch) as running:
        yield running


def make(*arguments: Any) -> Any:
    return importlib.import_module("copilot_api.desktop.windows_tray").WindowsIcon(*arguments)


def test_the_face_is_drawn_at_the_size_that_is_wanted(system: Windows) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "hIcon" in system.tray)
        icons = Icons()
        assert system.icons[system.tray["hIcon"]] == (20, dib(20, icons.argb(Face.SERVING)[20]))
        shown.tray.show(picture(Face.FAILING))
        until(lambda: system.tray["szTip"] == picture(Face.FAILING).tooltip)
        assert system.icons[system.tray["hIcon"]] == (20, dib(20, icons.argb(Face.FAILING)[20]))
        assert len(system.icons) == 1

    Shown(make, picture(Face.SERVING), script)
    assert system.tray == {}


@pytest.mark.parametrize("button", [LEFT, RIGHT])
def test_both_buttons_open_the_menu_and_a_click_comes_back(button: int, system: Windows) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "hWnd" in system.tray)
        system.choose = lambda _: "Enterprise"
        system.post(WM_NOTIFY, 0, WM_MOUSEMOVE)
        system.post(WM_NOTIFY, 0, button)
        until(lambda: bool(shown.acts))

    assert Shown(make, picture(Face.SERVING), script).acts == [Act("account-type", "enterprise")]


def test_rows_look_as_they_should(system: Windows) -> None:
    rows = (
        Row("A & B"),
        Row("Start at login", Act("start-at-login", target=False), is_checked=True),
        Row("Type", children=(Row("One", Act("account-type", "one"), is_checked=True, is_choice=True),)),
    )

    def script(shown: Shown[Any]) -> None:
        until(lambda: "hWnd" in system.tray)
        menu = shown.screen._menu_handle[0]
        found = [(row["dwTypeData"], row["fState"], row["fType"]) for row in system.rows(menu)]
        assert found == [("A && B", 3, 0), ("Start at login", 8, 0), ("Type", 0, 0), ("One", 8, 0x200)]

    Shown(make, Picture(Face.SERVING, "", rows), script, lambda label: label.replace("&", "&&"))


def test_a_menu_that_is_open_stays_as_it_is_and_a_click_means_what_stands_there(system: Windows) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "hWnd" in system.tray)

        def choose(texts: list[str]) -> str:
            shown.tray.show(Picture(Face.STOPPED, "Stopped", (Row("Start serving", Act("serve", target=True)),)))
            until(lambda: not system.messages.empty())
            return "Stop serving"

        system.choose = choose
        system.post(WM_NOTIFY, 0, RIGHT)
        until(lambda: bool(shown.acts))
        until(lambda: [row["dwTypeData"] for row in system.rows(shown.screen._menu_handle[0])] == ["Start serving"])

    assert Shown(make, picture(Face.SERVING), script).acts == [Act("serve", target=False)]


def test_texts_that_are_too_long_for_windows_are_cut_and_not_in_the_middle_of_a_character(system: Windows) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "hWnd" in system.tray)
        shown.tray.tell(News(key="long", title="t" * 500, text="x" * 254 + "😀"))
        until(lambda: bool(system.balloons))

    Shown(make, Picture(Face.SERVING, "s" * 500, (Row("row"),)), script)
    assert system.balloons == [("t" * 63, "x" * 254)]


def test_the_text_of_a_notification_can_be_clicked(system: Windows) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "hWnd" in system.tray)
        shown.tray.tell(News(key="code", title="Your code is QX", act=Act("copy-code")))
        until(lambda: system.balloons == [("Copilot API", "Your code is QX")])
        system.post(WM_NOTIFY, 0, TEXT)
        until(lambda: bool(shown.acts))

    assert Shown(make, picture(Face.SERVING), script).acts == [Act("copy-code")]


def test_a_bar_that_starts_anew_gets_the_icon_back(system: Windows) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "hIcon" in system.tray)
        until(lambda: bool(shown.screen.visible))
        window = system.tray["hWnd"]
        system.tray.clear()
        system.messages.put((window, TASKBAR_CREATED, 0, 0))
        until(lambda: "hIcon" in system.tray)

    Shown(make, picture(Face.SERVING), script)


def test_windows_may_shut_down_and_the_icon_goes_with_it(system: Windows) -> None:
    answers: list[int] = []

    def script(shown: Shown[Any]) -> None:
        until(lambda: "hWnd" in system.tray)
        window = system.tray["hWnd"]
        shown.screen.post(lambda: answers.append(system.tell(window, WM_QUERYENDSESSION)))
        system.post(WM_ENDSESSION, 0)
        until(lambda: answers == [1])
        assert not shown.tray._over.is_set()
        system.post(WM_ENDSESSION, 1)
        until(shown.tray._over.is_set)

    Shown(make, picture(Face.SERVING), script)


def test_the_backend_of_this_system_takes_labels_literally(system: Windows) -> None:
    backend = open_backend("win32")
    assert isinstance(backend, PystrayTray)
    assert backend._literally("A & B") == "A && B"
