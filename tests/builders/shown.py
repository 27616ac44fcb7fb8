"""A tray of pystray's at work: the main thread is its own, as every system wants it, and the test acts from another."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pystray

from copilot_api.desktop.backend import Picture
from copilot_api.desktop.menu import Act
from copilot_api.desktop.pystray_tray import PystrayTray
from tests.builders.waiting import until

IconT = TypeVar("IconT")


class Shown(Generic[IconT]):
    """A tray that runs on the main thread, while `script` does something to it on another. `make` makes its icon."""

    def __init__(
        self,
        make: Callable[..., IconT],
        first: Picture,
        script: Callable[["Shown[IconT]"], None],
        literally: Callable[[str], str] = str,
    ) -> None:
        self.screens: list[IconT] = []
        self._make_icon = make
        self.acts: list[Act] = []
        self.hosts: list[bool] = []
        self.problems: list[BaseException] = []
        self.tray = PystrayTray(self._make, literally)
        driver = threading.Thread(target=self._drive, args=(script,), daemon=True)
        driver.start()
        self.tray.run(first, self.acts.append, self.hosts.append)
        driver.join()
        for problem in self.problems:
            raise problem

    def _make(self, *arguments: Any) -> Any:
        self.screens.append(self._make_icon(*arguments))
        return self.screens[0]

    def _drive(self, script: Callable[["Shown[IconT]"], None]) -> None:
        try:
            until(lambda: self.hosts == [True])
            script(self)
        except BaseException as problem:  # noqa: BLE001 - raised again on the main thread
            self.problems.append(problem)
        finally:
            self.tray.stop()

    @property
    def screen(self) -> Any:
        return self.screens[0]

    def find(self, label: str) -> pystray.MenuItem:
        def items(menu: pystray.Menu) -> list[pystray.MenuItem]:
            return [each for item in menu for each in (item, *(items(item.submenu) if item.submenu else []))]

        [found] = [item for item in items(self.screen.menu) if item.text == label]
        return found

    def click(self, label: str) -> None:
        """What pystray does when the row is clicked."""
        item = self.find(label)
        self.screen.post(self.screen._handler(item))
