"""A screen that nobody sits at, with real bars on it, and a robot that looks at it and moves the mouse.

Everything runs in a D-Bus session and a home folder of its own, and is ended by its process id.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageGrab

from tests.builders.desktop import Desktop, ending
from tests.builders.waiting import until

PROGRAMS = ("Xvfb", "xdotool", "xfwm4", "xfce4-panel", "lxqt-panel", "dunst")
PACKAGES = "xvfb xdotool xfwm4 xfce4-panel xfconf lxqt-panel dunst xfce4-notifyd"
PICTURES = Path(__file__).parent.parent.parent / "out" / "tray"
SIZE = (900, 600)
LOOK_EVERY_S = 0.05
BAR = 40
"""Pixels from above in which a bar lies."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Screen:
    """One screen. What `start` starts is ended with it, or before."""

    display: str
    _owned: ExitStack

    def start(self, session: Desktop, *command: str, **more: str) -> "subprocess.Popen[bytes]":
        """Starts a program on this screen, in that session."""
        environment = {**session.environment, "DISPLAY": self.display, "NO_AT_BRIDGE": "1", "QT_QPA_PLATFORM": "xcb", **more}
        log = (session.home / f"{Path(command[0]).name}.log").open("ab")
        self._owned.callback(log.close)
        program = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._owned.enter_context(ending(program))
        return program

    def look(self, name: str = "") -> Image.Image:
        """What is on the screen; with a name it is kept, to be looked at by a person."""
        seen = ImageGrab.grab(xdisplay=self.display).convert("RGB")
        if name:
            PICTURES.mkdir(parents=True, exist_ok=True)
            seen.save(PICTURES / f"{name}.png")
        return seen

    def robot(self, *words: object) -> None:
        """Moves the mouse, clicks, types: xdotool's own words."""
        self._xdotool(*words).check_returncode()

    def has_window(self, name: str) -> bool:
        """Whether a window of that name is to be seen."""
        return self._xdotool("search", "--onlyvisible", "--name", f"^{name}$").returncode == 0

    def _xdotool(self, *words: object) -> "subprocess.CompletedProcess[bytes]":
        environ = {**os.environ, "DISPLAY": self.display}
        return subprocess.run(["xdotool", *map(str, words)], env=environ, capture_output=True, check=False)

    def find(self, colour: str) -> tuple[int, int] | None:
        """The middle of what has that colour in the bar."""
        bar = self.look().crop((0, 0, SIZE[0], BAR))
        wanted = Image.new("RGB", bar.size, colour)
        near = ImageChops.difference(bar, wanted).convert("L").point(lambda difference: 255 if difference < 4 else 0)
        box = near.getbbox()
        if box is None or (box[2] - box[0]) < 8:
            return None
        return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2

    def seek(self, colour: str, *, within_s: float = 20.0) -> tuple[int, int]:
        """The same, as soon as it is there."""
        found: list[tuple[int, int]] = []

        def is_there() -> bool:
            place = self.find(colour)
            found.extend([place] if place else [])
            return bool(found)

        until(is_there, f"nothing of the colour {colour} in the bar", within_s=within_s, every_s=LOOK_EVERY_S)
        return found[-1]

    def appeared(self, before: Image.Image, *, beside: Box | None = None, within_s: float = 5.0) -> Box:
        """Where the screen below the bar, and beside what is known, differs from what it was: once it has come to rest."""
        boxes: list[Box | None] = [None]

        def has_settled() -> bool:
            difference = ImageChops.difference(before, self.look())
            difference.paste(0, (0, 0, SIZE[0], BAR))
            if beside is not None:
                difference.paste(0, beside)
            boxes.append(difference.getbbox())
            return boxes[-1] is not None and boxes[-1] == boxes[-2]

        until(has_settled, "nothing appeared", within_s=within_s, every_s=LOOK_EVERY_S)
        box = boxes[-1]
        assert box is not None
        return box

    def cleared(self, before: Image.Image) -> None:
        """Returns when the screen below the bar is as it was."""

        def is_as_before() -> bool:
            difference = ImageChops.difference(before, self.look())
            difference.paste(0, (0, 0, SIZE[0], BAR))
            return difference.getbbox() is None

        until(is_as_before, "it does not go away", within_s=5.0, every_s=LOOK_EVERY_S)


@contextmanager
def screen() -> Iterator[Screen]:
    """An X server without a monitor; it takes a number that nobody has, and tells it once it listens."""
    told, tells = os.pipe()
    with os.fdopen(told, "rb") as numbers:
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(tells), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp", "-noreset"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[tells],
        )
        os.close(tells)
        with ending(server), ExitStack() as owned:
            number = numbers.readline().decode().strip()
            assert number, "Xvfb does not come up"
            yield Screen(f":{number}", owned)


def services(folder: Path) -> Path:
    """A folder with the one service that Xfce's programs ask the bus to start: their settings."""
    folder.mkdir()
    shutil.copy("/usr/share/dbus-1/services/org.xfce.Xfconf.service", folder)
    return folder


def xfce(on: Screen, session: Desktop) -> "subprocess.Popen[bytes]":
    """Xfce's panel with nothing on it but the icons."""
    channel = session.home / ".config" / "xfce4" / "xfconf" / "xfce-perchannel-xml" / "xfce4-panel.xml"
    channel.parent.mkdir(parents=True, exist_ok=True)
    channel.write_text(_XFCE)
    return on.start(session, "xfce4-panel", "--disable-wm-check", XDG_CURRENT_DESKTOP="XFCE")


def lxqt(on: Screen, session: Desktop) -> "subprocess.Popen[bytes]":
    """LXQt's panel with nothing on it but the icons."""
    settings = session.home / ".config" / "lxqt" / "panel.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(_LXQT)
    return on.start(session, "lxqt-panel", XDG_CURRENT_DESKTOP="LXQt")


PANELS: dict[str, Callable[[Screen, Desktop], "subprocess.Popen[bytes]"]] = {"xfce": xfce, "lxqt": lxqt}

_XFCE = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array"><value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property>
</channel>
"""
_LXQT = """[General]
[panel1]
plugins=statusnotifier
position=Top
desktop=0
width=100
width-percent=true
panelSize=32
iconSize=22
alignment=-1
[statusnotifier]
type=statusnotifier
"""
