"""The form this program runs in: from source, compiled into a folder, or compiled into one file that unpacks itself."""

import sys
from enum import StrEnum
from pathlib import Path

from copilot_api import session


class Form(StrEnum):
    """The forms, by the names that `copilot-api debug` gives them."""

    SOURCE = "source"
    FOLDER = "folder"
    ONE_FILE = "one file"


def current() -> Form:
    """The form of this process."""
    compiled = globals().get("__compiled__")  # Nuitka's, in every module that it made C of
    if compiled is None:
        return Form.SOURCE
    return Form.ONE_FILE if compiled.onefile else Form.FOLDER


def command() -> list[str]:
    """What starts this program again, from any folder.

    Where it is compiled, not `sys.executable`, which for the one file lies in the cache, as all of an AppImage does.
    """
    if current() is Form.SOURCE:
        return [sys.executable, "-P", "-m", "copilot_api"]  # -P: not what may be called so in the folder it is started in
    return [str(session.appimage() or sys.argv[0])]


def unpacked() -> Path | None:
    """The folder into which this process was unpacked; None where nothing was."""
    return Path(sys.executable).parent if current() is Form.ONE_FILE else None
