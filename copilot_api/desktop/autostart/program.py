"""What a login starts: this program, by a path that will still lead to it then, with the way to its settings."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from copilot_api import form, session
from copilot_api.errors import SystemRefused
from copilot_api.form import Form

# Folders that are emptied now and then, or are there for one start only: what uvx and `pipx run` make, what a disk image
# shows while it is open, and where macOS runs a program from that was never moved out of the downloads.
_PASSING = {".cache", "Caches", "archive-v0", "Volumes", "AppTranslocation"}
# Line feeds and their like, and names that are no text.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Program:
    """A command, its path first, and the variables that it needs."""

    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_passing(self) -> bool:
        """Whether it lies where nothing stays."""
        return not _PASSING.isdisjoint(PurePath(self.command[0]).parts)

    def check(self) -> None:
        """Raises SystemRefused for what cannot be started at a later time, or not be written down."""
        if self.is_passing:
            raise SystemRefused(
                f"{self.command[0]} will not be there at the next login",
                hint="install copilot-api first, or move it to where it stays",
            )
        for text in (*self.command, *self.variables.values()):
            if _UNWRITABLE.search(text):
                raise SystemRefused(f"{text!r} cannot be written into a file that systems start programs by", hint="rename it")


def at_login(*arguments: str) -> Program:
    """This program with those arguments, as it runs now: source, folder, one file, AppImage or a link to any of them."""
    first, *rest = form.command()
    quiet = Path(first).with_name("pythonw.exe")
    if sys.platform == "win32" and form.current() is Form.SOURCE and quiet.exists():
        first = str(quiet)  # python.exe would open a window of its own
    return Program((first, *rest, *arguments), session.places())
