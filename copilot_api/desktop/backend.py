"""What the tray needs of a desktop: to show a picture with a menu, to say when a row is clicked, to tell something once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from copilot_api.desktop.face import Face
from copilot_api.desktop.menu import Act, Row
from copilot_api.desktop.news import News

PACE_S = 0.1
"""Seconds between two drawings, at least: many requests begin and end in a second, and each bar draws its menu anew."""


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a bar shows of us: the icon, the words for those who point at it, and the menu."""

    face: Face
    tooltip: str
    rows: tuple[Row, ...]


class Backend(Protocol):
    """One desktop's tray. `run` belongs to the main thread, which macOS demands; the rest may be called from any thread.

    What is called before `run` is done when it begins, and after its end nothing is.
    """

    def run(self, picture: Picture, on_act: Callable[[Act], None], on_host: Callable[[bool], None]) -> None:
        """Shows `picture`, and what `show` is given later, until `stop`.

        `on_act` is called with each row that is clicked, `on_host` with whether there is a bar that shows us, each time that
        changes; both on a thread of the backend's, and both return at once.
        """
        ...

    def show(self, picture: Picture) -> None:
        """Draws another picture."""
        ...

    def tell(self, news: News) -> None:
        """Shows a notification of the system's, if it has such; `on_act` is called when it is clicked."""
        ...

    def stop(self) -> None:
        """Takes the icon away and lets `run` return."""
        ...
