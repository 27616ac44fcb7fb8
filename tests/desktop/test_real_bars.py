"""The tray in bars that people have: Xfce's and LXQt's, looked at and clicked by a robot; and the notifications with it.

Each picture of the screen is kept in `out/tray/`, to be looked at by a person.
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.face import Face
from copilot_api.desktop.linux_tray import LinuxTray
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.news import News
from installers.icons.faces import COLOURS
from tests.builders.desktop import Desktop, bus
from tests.builders.screen import PANELS, SIZE, Box, Screen, services
from tests.builders.trays import Running, picture, running
from tests.builders.waiting import until

pytestmark = pytest.mark.slow

ROWS = (
    Row("First", Act("set-up", "first")),
    Row("my_second", Act("set-up", "second")),
    Row("More", children=(Row("Below", Act("set-up", "below")), Row("Below it", Act("set-up", "below it")))),
    Row("Marked", Act("set-up", "marked"), is_checked=True),
    Row("Last", Act("set-up", "last")),
)
SIMPLE = Picture(Face.SERVING, "Serving on 127.0.0.1:4141", ROWS)
COLOUR = COLOURS[Face.SERVING]
LEFT, RIGHT = 1, 3


@pytest.fixture(params=list(PANELS))
def panel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """A session at an address that another can take over."""
    with bus(tmp_path, socket=tmp_path / "bus", services=services(tmp_path / "services")) as desktop:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
        yield desktop


class Bar:
    """A bar with our icon in it, on a screen with a robot."""

    def __init__(self, on: Screen, session: Desktop, kind: str, tray: Running) -> None:
        self.on, self.session, self.kind, self.tray = on, session, kind, tray
        self.panel = PANELS[kind](on, session)
        self.place = on.seek(COLOUR)
        self.away()
        self.still = on.look()

    def away(self) -> None:
        """Takes the mouse from the bar, so that no tooltip is in the way."""
        self.on.robot("mousemove", 20, SIZE[1] - 20)

    def open(self, button: int = RIGHT, name: str = "") -> Box:
        """Opens the menu; where it is then."""
        self.on.robot("mousemove", *self.place, "click", button)
        box = self.on.appeared(self.still)
        if name:
            self.on.look(f"{self.kind}-{name}")
        return box

    def click(self, box: Box, row: int, of: int) -> None:
        """Clicks on a row of a menu of as many rows."""
        left, top, right, bottom = box
        self.on.robot("mousemove", (left + right) // 2, int(top + (row + 0.5) * (bottom - top) / of), "click", LEFT)

    def acts(self, *expected: str) -> None:
        """Returns when these rows were clicked, and takes note of it."""
        until(lambda: self.tray.acts == [Act("set-up", name) for name in expected])
        self.tray.acts.clear()
        self.away()
        self.on.cleared(self.still)


@pytest.fixture
def bar(shown: Screen, session: Desktop, panel: str) -> Iterator[Bar]:
    manager = shown.start(session, "xfwm4", "--compositor=off", "--replace")
    with running(LinuxTray(), SIMPLE) as tray:
        there = Bar(shown, session, panel, tray)
        yield there
        _end(there.panel)
    _end(manager)


def _end(program: "subprocess.Popen[bytes]") -> None:
    program.kill()
    program.wait(10)


def test_every_face_is_shown_and_no_two_look_alike(bar: Bar) -> None:
    seen = set()
    for face in Face:
        bar.tray.backend.show(picture(face))
        x, y = bar.on.seek(COLOURS[face])
        time.sleep(0.2)
        seen.add(bar.on.look(f"{bar.kind}-{face}").crop((x - 11, y - 11, x + 11, y + 11)).tobytes())
    assert len(seen) == len(Face)


def test_the_whole_menu_is_shown_when_it_is_opened(bar: Bar) -> None:
    bar.tray.backend.show(picture(Face.APPROVAL))
    bar.place = bar.on.seek(COLOURS[Face.APPROVAL])
    box = bar.open(name="menu")
    assert box[3] - box[1] > 250
    bar.on.robot("key", "Escape")


def test_rows_are_clicked_below_each_other_and_in_a_submenu(bar: Bar) -> None:
    bar.click(bar.open(), 0, 5)
    bar.acts("first")
    bar.click(bar.open(), 1, 5)
    bar.acts("second")
    box = bar.open(name="simple-menu")
    opened = bar.on.look()
    bar.click(box, 2, 5)
    below = bar.on.appeared(opened, beside=box)
    bar.on.look(f"{bar.kind}-submenu")
    bar.click(below, 1, 2)
    bar.acts("below it")


def test_the_keyboard_picks_rows_too(bar: Bar) -> None:
    bar.open()
    bar.on.robot("key", "--delay", 60, "Down", "Down", "Return")
    bar.acts("second")
    bar.open()
    bar.on.robot("key", "--delay", 60, "Up", "Return")
    bar.acts("last")
    bar.open()
    bar.on.robot("key", "--delay", 100, "Down", "Down", "Down", "Right", "Return")
    bar.acts("below")


def test_a_menu_that_is_open_while_things_change_does_what_stood_there(bar: Bar) -> None:
    box = bar.open()
    changed = tuple(Row(row.label, row.act and Act("about"), row.is_checked, children=row.children) for row in ROWS)
    bar.tray.backend.show(Picture(Face.FAILING, "changed", changed))
    bar.on.seek(COLOURS[Face.FAILING])
    bar.click(box, 4, 5)
    until(lambda: bool(bar.tray.acts))
    # What stood there, or what stands there now if the bar has drawn it anew: never another row.
    assert bar.tray.acts[0] in {Act("set-up", "last"), Act("about")}
    if bar.kind == "lxqt":
        assert bar.tray.acts == [Act("set-up", "last")]


def test_the_left_button_is_answered(bar: Bar) -> None:
    if bar.kind == "xfce":
        bar.open(LEFT)
        bar.on.robot("key", "Escape")
    else:
        dunst = bar.on.start(bar.session, "dunst", "-conf", str(_dunst(bar.session.home)))
        time.sleep(0.5)
        bar.open(LEFT, name="left-click")
        _end(dunst)


def test_a_bar_that_is_killed_and_comes_back_has_the_icon_again(bar: Bar) -> None:
    for _ in range(2):
        _end(bar.panel)
        until(lambda: bar.tray.hosts[-1] is False)
        bar.panel = PANELS[bar.kind](bar.on, bar.session)
        bar.on.seek(COLOUR)
    assert bar.tray.hosts[-1] is True


def test_a_bus_that_is_killed_and_comes_back_has_the_icon_again(
    shown: Screen, panel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'bus'}")
    folder = services(tmp_path / "services")
    with running(LinuxTray(), SIMPLE) as tray:
        for _ in range(2):
            with bus(tmp_path, socket=tmp_path / "bus", services=folder) as session:
                there = Bar(shown, session, panel, tray)
                there.click(there.open(), 4, 5)
                there.acts("last")
                _end(there.panel)
            until(lambda: tray.hosts[-1] is False)


def _dunst(home: Path) -> Path:
    """A configuration under which a click on a notification is its own, and not the end of it."""
    path = home / "dunstrc"
    path.write_text("[global]\norigin = top-right\noffset = 20x60\nmouse_left_click = do_action\nmarkup = full\n")
    return path


def test_a_notification_is_shown_without_any_bar_and_a_click_on_it_comes_back(shown: Screen, session: Desktop) -> None:
    before = shown.look()
    with running(LinuxTray(), SIMPLE) as tray:
        until(lambda: tray.hosts == [False])
        assert shown.find(COLOUR) is None
        dunst = shown.start(session, "dunst", "-conf", str(_dunst(session.home)))
        time.sleep(0.5)
        news = News(key="code", title="Your code is QXRT-7KLM", text="<b> & so on", act=Act("copy-code"), is_urgent=True)
        tray.backend.tell(news)
        left, top, right, bottom = shown.appeared(before)
        shown.look("dunst")
        shown.robot("mousemove", (left + right) // 2, (top + bottom) // 2, "click", LEFT)
        until(lambda: tray.acts == [Act("copy-code")])
        _end(dunst)


def test_a_button_of_a_notification_comes_back(shown: Screen, session: Desktop) -> None:
    before = shown.look()
    notifyd = next(Path("/usr/lib").glob("*/xfce4/notifyd/xfce4-notifyd"))
    with running(LinuxTray(), SIMPLE) as tray:
        until(lambda: tray.hosts == [False])
        daemon = shown.start(session, str(notifyd))
        time.sleep(1)
        buttons = (Row("Approve once", Act("approve", "once 7")), Row("Refuse", Act("approve", "refuse 7")))
        tray.backend.tell(News(key="approval", title="claude-cli asks claude-sonnet-4.6", buttons=buttons, is_urgent=True))
        *_, right, bottom = shown.appeared(before)
        shown.look("notifyd")
        shown.robot("mousemove", right - 40, bottom - 20)
        time.sleep(0.3)
        shown.robot("click", LEFT)
        until(lambda: tray.acts == [Act("approve", "refuse 7")])
        _end(daemon)
