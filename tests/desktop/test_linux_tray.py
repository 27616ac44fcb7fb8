"""Icon, menu and notifications together, on a real bus, with another program as the bar."""

import time
from pathlib import Path

import pytest

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.face import Face
from copilot_api.desktop.linux_tray import LinuxTray
from copilot_api.desktop.menu import Act, Row
from tests.builders.bar import bar
from tests.builders.desktop import Desktop, bus
from tests.builders.trays import Running, picture, running
from tests.builders.waiting import until


def test_a_bar_that_is_there_gets_the_icon_and_its_clicks_come_back(session_bus: Desktop) -> None:
    with bar(session_bus.address) as there, running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [True])
        there.click(there.rows().find("Stop serving").number)
        assert tray.acts == [Act("serve", target=False)]


def test_a_click_is_answered_within_a_tenth_of_a_second(session_bus: Desktop) -> None:
    with bar(session_bus.address) as there, running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [True])
        number = there.rows().find("Quit").number
        began = time.perf_counter()
        there.click(number)
        assert time.perf_counter() - began < 0.1
        assert tray.acts == [Act("quit")]


def test_without_a_bar_the_program_is_told_and_the_first_that_comes_gets_the_icon(session_bus: Desktop) -> None:
    with running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [False])
        with bar(session_bus.address) as there:
            until(lambda: tray.hosts == [False, True])
            assert there.item("Title") == "Copilot API"
        until(lambda: tray.hosts == [False, True, False])
        with bar(session_bus.address) as another:
            until(lambda: tray.hosts == [False, True, False, True])
            assert another.rows().find("Quit").properties["enabled"]


@pytest.mark.usefixtures("session_bus")
def test_a_bus_that_dies_and_comes_back_gets_the_icon_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={socket}")
    with running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [False])
        for _ in range(2):
            tray.hosts.clear()
            with bus(tmp_path, socket=socket) as session, bar(session.address) as there:
                until(lambda: tray.hosts == [True])
                tray.backend.show(picture(Face.STOPPED))
                until(lambda: there.rows().below[0].label == "Not serving")
            until(lambda: tray.hosts == [True, False])
        tray.backend.show(picture(Face.SERVING))


def test_what_is_wanted_before_it_runs_is_done_when_it_does(session_bus: Desktop) -> None:
    backend = LinuxTray()
    backend.show(picture(Face.STOPPED))
    backend.show(picture(Face.FAILING))
    with bar(session_bus.address) as there, running(backend, picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [True])
        until(lambda: there.rows().below[0].label.startswith("No Copilot token"))


@pytest.mark.usefixtures("session_bus")
def test_one_that_was_stopped_before_it_runs_returns_at_once_and_afterwards_nothing_is_done() -> None:
    backend = LinuxTray()
    backend.stop()
    tray = Running(backend, picture(Face.SERVING))
    tray.thread.join(10)
    assert not tray.thread.is_alive()
    backend.show(picture(Face.STOPPED))
    backend.stop()


def test_many_pictures_in_a_moment_are_few_on_the_bus(session_bus: Desktop) -> None:
    with bar(session_bus.address) as there, running(LinuxTray(), picture(Face.SERVING)) as tray:
        until(lambda: tray.hosts == [True])
        for number in range(200):
            tray.backend.show(Picture(Face.SERVING, f"{number} active", (Row(f"{number} active"),)))
        until(lambda: there.item("ToolTip")[2] == "199 active")
        until(lambda: there.rows().below[0].label == "199 active")
        assert len(there.signals("NewToolTip")) <= 5


def test_the_icon_is_gone_when_the_tray_has_stopped(session_bus: Desktop) -> None:
    with bar(session_bus.address) as there:
        with running(LinuxTray(), picture(Face.SERVING)) as tray:
            until(lambda: tray.hosts == [True])
        [item] = there.items
        assert item not in there.call("org.freedesktop.DBus", ("/", "org.freedesktop.DBus"), "ListNames")[0]
