"""The voice: data to standard output, everything else to standard error, lower case, and a hint that can be typed.

Nothing else in the program prints. What comes from outside (model names, error texts) is cleaned of control characters, so
that no server can move the cursor or rename the window.
"""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from copilot_api import settings
from copilot_api.errors import CopilotApiError
from copilot_api.log import marked, redact

# Every control character but tab, line feed, and the start of a plain colour change such as those of `paint`; and what turns
# the direction of writing.
_CONTROL = re.compile(r"\x1b(?!\[\d{0,2}m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "hint": logging.INFO}
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}
# A sentence that begins with one of these keeps its capital.
_NAMES = ("Copilot", "Claude", "Python", "Linux", "Windows")


def set_up() -> None:
    """Lets a terminal or pipe that cannot show a character show its number, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def data(text: str = "") -> None:
    """A line that a script may read."""
    print(_cleaned(text))


def data_json(value: Any) -> None:
    """`value` as JSON, indented; ASCII, so that no terminal's encoding can spoil it."""
    print(json.dumps(value, indent=2))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows in columns as wide as they must be, two spaces apart; the head in capitals."""
    lines = [tuple(word.upper() for word in head), *(tuple(_cleaned(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say(text: str = "", *, end: str = "\n") -> None:
    """A line for the person, not for scripts."""
    print(_cleaned(text), end=end, file=sys.stderr, flush=True)


def say_to_whom_may_have_left(text: str) -> None:
    """A line for the person; on a terminal that was closed, all that is said from now on goes nowhere and is no failure."""
    try:
        say(text)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())


def warn(text: str, *, hint: str = "") -> None:
    """Something is not as it should be, and the program goes on."""
    _label("warning", "yellow", text)
    if hint:
        _label("hint", "cyan", hint)


def fail(problem: CopilotApiError) -> int:
    """Draws the error that ends the program; gives its exit code."""
    _label("error", "red", problem.message)
    if problem.hint:
        _label("hint", "cyan", problem.hint)
    return problem.exit_code


def crash(error: BaseException) -> int:
    """Draws an error that nobody expected, with its traceback and without any token; gives the exit code."""
    say(redact("".join(traceback.format_exception(error))), end="")
    _label("error", "red", f"this is a bug in copilot-api: {type(error).__name__}")
    _label("hint", "cyan", "report it with the lines above; copilot-api debug tells the versions")
    return 1


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """`text` in that colour if `stream` (standard error) is a terminal that wants colours, else as it is."""
    stream = stream or sys.stderr
    if not (stream.isatty() and settings.allows_colour()):
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def bar(share: float, *, width: int = 24) -> str:
    """How much of something is used (0 to 1), drawn in plain characters; nothing where no terminal would show it."""
    if not sys.stdout.isatty():
        return ""
    filled = round(width * min(max(share, 0.0), 1.0))
    colour = "red" if share > 0.9 else "yellow" if share > 0.75 else "green"
    return "[" + paint("#" * filled, colour, sys.stdout) + "." * (width - filled) + "]"


def is_interactive() -> bool:
    """Whether a person is there to be asked: both standard input and standard error are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


class Progress:
    """What the program is waiting for: one line that is rewritten on a terminal, elsewhere one line for each new `text`."""

    def __init__(self) -> None:
        self._text = ""
        self._width = 0

    def show(self, text: str, detail: str = "") -> None:
        """`detail` (such as the time left) is for a terminal only: it changes too often for a log."""
        if sys.stderr.isatty():
            line = _cleaned(f"{text}, {detail}" if detail else text)
            print("\r" + line.ljust(self._width), end="", file=sys.stderr, flush=True)
            self._width = len(line)
        elif text != self._text:
            say(text)
        self._text = text

    def end(self) -> None:
        """Lets the next line begin on a line of its own."""
        if self._width:
            say()
        self._width = 0


def _label(label: str, colour: str, text: str) -> None:
    print(marked(f"{paint(f'{label}:', colour)} {_cleaned(_voice(text))}", _LEVELS[label]), file=sys.stderr, flush=True)


def _voice(text: str) -> str:
    """The house style for a message: no capital unless it is a name, no full stop at the end."""
    first = text.split(" ", 1)[0]
    text = text[:-1] if text.endswith(".") and not text.endswith("..") else text
    is_plain_word = first == "A" or (first[1:].islower() and first not in _NAMES)
    return text[:1].lower() + text[1:] if is_plain_word else text


def _cleaned(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
