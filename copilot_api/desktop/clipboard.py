"""Copies a text to the clipboard where there is one; never in the way where there is none."""

import shutil
import subprocess
import sys

from copilot_api import settings

TIME_LIMIT_S = 2.0


def copy(text: str) -> bool:
    """Whether `text` is on the clipboard now. Blocking, at most TIME_LIMIT_S for each program that is tried."""
    encoding = "utf-16-le" if sys.platform == "win32" else "utf-8"  # clip.exe guesses wrong at anything else but ASCII
    return any(_feed(command, text.encode(encoding)) for command in _programs())


def _programs() -> list[list[str]]:
    """The clipboard programs that this system has, the likeliest first."""
    if sys.platform == "win32":
        candidates = [["clip"]]
    elif sys.platform == "darwin":
        candidates = [["pbcopy"]]
    else:
        displays = settings.displays()
        candidates = [["wl-copy"]] if "wayland" in displays else []
        if "x11" in displays:
            candidates += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    return [[path, *arguments] for name, *arguments in candidates if (path := shutil.which(name))]


def _feed(command: list[str], text: bytes) -> bool:
    # xclip and wl-copy stay behind to serve the clipboard; with pipes for their output the call would wait for them.
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(command, input=text, stdout=quiet, stderr=quiet, timeout=TIME_LIMIT_S, check=False)  # noqa: S603 - fixed names
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
