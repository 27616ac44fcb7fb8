"""Linux and its kin: an entry in the folders from which every desktop starts programs."""

from collections.abc import Sequence
from pathlib import Path

from copilot_api import session
from copilot_api.desktop.autostart import desktop_entry
from copilot_api.desktop.autostart.names import NAME
from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.written import put, remove

FILE = f"{NAME}.desktop"


class Entry:
    """The entry, by its name: the first of `folders` that has one of that name decides, and the first is the person's own."""

    def __init__(self, program: Program, folders: Sequence[Path] | None = None) -> None:
        self._program = program
        folders = folders or [folder / "autostart" for folder in session.config_folders()]
        self._own, *self._others = (folder / FILE for folder in folders)

    @property
    def where(self) -> str:
        return str(self._own)

    def is_on(self) -> bool | None:
        if self._program.is_passing:
            return None
        found = next((path for path in (self._own, *self._others) if path.is_file()), None)
        try:
            text = found.read_text("utf-8", "replace") if found is not None else ""
        except OSError:  # what we may not read, the desktop may not either
            return False
        return desktop_entry.starts(text, session.desktops())

    def set(self, *, on: bool) -> None:
        if on:
            self._program.check()
            put(self._own, desktop_entry.write(self._program).encode())
        elif any(path.is_file() for path in self._others):
            put(self._own, desktop_entry.HIDDEN.encode())
        else:
            remove(self._own)
