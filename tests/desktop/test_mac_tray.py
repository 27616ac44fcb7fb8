"""The menu bar icon of macOS: pystray's own code for it runs here, over as much of macOS as it calls."""

import importlib
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.backends import open_backend
from copilot_api.desktop.face import Face
from copilot_api.desktop.icons import Icons
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.pystray_tray import PystrayTray
from tests.builders.macos import MacOS, macos
from tests.builders.shown import Shown
from tests.builders.trays import picture
from tests.builders.waiting import until


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[MacOS]:
    with macos(monkeypatch) as running:
        yield running


def make(*arguments: Any) -> Any:
    return importlib.import_module("copilot_api.desktop.mac_tray").MacIcon(*arguments)


def covers(system: MacOS) -> list[bytes]:
    """What is drawn at the moment, coarse and fine."""
    found = []
    for drawn in system.button.kept["Image"].drawn:
        assert drawn.kept["Size"] == (18.0, 18.0)
        with Image.open(io.BytesIO(drawn.made_of[0])) as read:
            found.append(read.getchannel("A").tobytes())
    return found


def test_the_face_is_drawn_as_a_template_in_both_finenesses(system: MacOS) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "Image" in system.button.kept)
        assert covers(system) == list(Icons().template(Face.SERVING).values())
        assert system.button.kept["Image"].kept["Template"] is True
        shown.tray.show(picture(Face.FAILING))
        until(lambda: system.button.kept["ToolTip"] == picture(Face.FAILING).tooltip)
        assert covers(system) == list(Icons().template(Face.FAILING).values())
        assert system.button.kept["Hidden"] is False

    Shown(make, picture(Face.SERVING), script)
    assert system.policies == [1]
    assert not system.is_in_the_bar


def test_rows_look_as_they_should(system: MacOS) -> None:
    rows = (
        Row("Words & more"),
        Row("Start at login", Act("start-at-login", target=False), is_checked=True),
        Row("Type", children=(Row("One", Act("account-type", "one"), is_checked=False, is_choice=True),)),
    )

    def script(shown: Shown[Any]) -> None:
        until(lambda: "Menu" in system.item.kept)
        looks = {
            item.made_of[0]: (item.kept["Enabled"], item.kept.get("State")) for item in system.items(system.item.kept["Menu"])
        }
        assert looks == {"Words & more": (False, None), "Start at login": (True, 1), "Type": (True, None), "One": (True, 0)}

    Shown(make, Picture(Face.SERVING, "", rows), script)


def test_a_click_comes_back_from_every_depth(system: MacOS) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "Menu" in system.item.kept)
        system.post(lambda: system.open_menu(lambda _: "Stop serving"))
        until(lambda: len(shown.acts) == 1)
        system.post(lambda: system.open_menu(lambda _: "Enterprise"))
        until(lambda: len(shown.acts) == 2)

    acts = Shown(make, picture(Face.SERVING), script).acts
    assert acts == [Act("serve", target=False), Act("account-type", "enterprise")]


def test_a_menu_that_is_open_stays_as_it_is_and_a_click_means_what_stands_there(system: MacOS) -> None:
    def script(shown: Shown[Any]) -> None:
        until(lambda: "Menu" in system.item.kept)

        def choose(system: MacOS) -> str:
            shown.tray.show(Picture(Face.STOPPED, "Stopped", (Row("Start serving", Act("serve", target=True)),)))
            until(lambda: not system.jobs.empty())
            return "Stop serving"

        system.post(lambda: system.open_menu(choose))
        until(lambda: bool(shown.acts))
        until(lambda: [item.made_of for item in system.items(system.item.kept["Menu"])] == [("Start serving",)])

    assert Shown(make, picture(Face.SERVING), script).acts == [Act("serve", target=False)]


def test_a_job_that_goes_wrong_does_not_end_the_program(system: MacOS, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("a fault")

    def script(shown: Shown[Any]) -> None:
        shown.screen.post(fail)
        shown.tray.show(picture(Face.STOPPED))
        until(lambda: shown.screen.icon is Face.STOPPED)

    Shown(make, picture(Face.SERVING), script)
    assert "a fault" in caplog.text


@pytest.mark.usefixtures("system")
def test_the_backend_of_this_system_is_made_of_it() -> None:
    backend = open_backend("darwin")
    assert isinstance(backend, PystrayTray)
    assert backend._make is importlib.import_module("copilot_api.desktop.mac_tray").MacIcon
