"""Where no service manager is the person's own, as on Windows: the tray, started at each login."""

import sys
from collections.abc import Iterator

from copilot_api import session, settings
from copilot_api.desktop.autostart import Autostart, autostart
from copilot_api.desktop.keeper import Kept
from copilot_api.desktop.keeper.log_file import tail


class Login:
    """Nobody keeps watch here: what it starts runs until the person ends it."""

    def __init__(self, entry: Autostart | None = None) -> None:
        self._entry = entry or autostart()

    def install(self) -> Iterator[str]:
        was_on = self._entry.is_on()
        self._entry.set(on=True)
        yield f"{'renewed' if was_on else 'wrote'} {self._entry.where}"
        if sys.platform == "linux" and not settings.displays():
            yield "there is no desktop session here, and no systemd of your own: it takes effect where there is a desktop"
        yield "the tray starts at your next login, and serves; copilot-api tray starts it now"

    def remove(self) -> Iterator[str]:
        was_on = self._entry.is_on()
        self._entry.set(on=False)
        yield f"took back {self._entry.where}" if was_on else "nothing was to start at login"

    def look(self) -> Kept:
        kind = "run key" if sys.platform == "win32" else "autostart entry"
        is_installed = self._entry.is_on() is True
        return Kept(kind=kind, where=self._entry.where, is_installed=is_installed, log=str(session.log_path()))

    def given(self) -> frozenset[str]:
        return frozenset()

    def log(self, lines: int, *, follow: bool) -> Iterator[str]:
        return tail(session.log_path(), lines, follow=follow)
