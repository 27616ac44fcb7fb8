"""Logging: to standard error, a request id on each line, secrets cut out. Sizes and ids are logged, words never."""

import io
import logging
import os
import re
import sys
import threading
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TextIO

from copilot_api import session

request_id: ContextVar[str] = ContextVar("request_id", default="-")

key_name: ContextVar[str] = ContextVar("key_name", default="")
"""Of the API key that a request came with; "" where none was asked for."""

FILE_BYTES = 1024 * 1024
"""From this size on a log file is put aside, in place of the one before."""

is_failure_told: ContextVar[bool] = ContextVar("is_failure_told", default=False)
"""Whether a line of the log says already why the request of this context failed: one is enough."""

# GitHub tokens and our own keys by their prefixes, Copilot tokens (`tid=…;exp=…`), whatever follows an Authorization scheme,
# and the name and password in a URL, as of a network proxy.
_SECRET = re.compile(
    r"\b(?:gh[oprsu]_|github_pat_|cap_)[A-Za-z0-9_]{8,}|\btid=[^\s\"']+"
    r"|(?<=\bBearer )[^\s\"']+|(?<=\btoken )[A-Za-z0-9_\-.=;:]{20,}"
    r"|(?<=uthorization: Basic )[A-Za-z0-9+/=]+|(?<=://)[^\s/@\"']+(?=@)"
)
# Levels as the journal knows them (sd-daemon(3)).
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))


# What could begin a line of its own, move the cursor, rename the window, or turn the direction of writing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """`text` so that it cannot be taken for more than it is: control characters are named, and its further lines stand back."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text).replace("\n", "\n    ")


def redact(text: str) -> str:
    """`text` with every token in it replaced by a mark."""
    return _SECRET.sub("[redacted]", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.request_id = request_id.get()
        return marked(one_line(redact(super().format(record))), record.levelno)


def set_up(*, verbose: bool) -> None:
    """Sends the log to standard error. Only our own loggers speak below WARNING."""
    handler = logging.StreamHandler(sys.stderr)
    # The journal knows time and level by itself, and a file is read days later.
    stamp = "" if _is_journal(sys.stderr) else "%(asctime)s %(levelname)-7s "
    day = "%Y-%m-%d " if isinstance(sys.stderr, LogFile) else ""
    handler.setFormatter(_Formatter(f"{stamp}%(request_id)s %(message)s", f"{day}%H:%M:%S"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("copilot_api").setLevel(logging.DEBUG if verbose else logging.INFO)


def marked(text: str, level: int) -> str:
    """`text` for standard error: with its level on each line where systemd's journal reads it from there."""
    if not _is_journal(sys.stderr):
        return text
    mark = next(f"<{priority}>" for least, priority in _PRIORITIES if level >= least)
    return "\n".join(mark + line for line in text.splitlines())


def _is_journal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and session.is_journal(stream.fileno())
    except (OSError, ValueError):
        return False


def keep_in(path: Path) -> None:
    """Lets all that is said go into that file, unless somebody hears it anyway: at a terminal, or in the journal."""
    if not (sys.stderr is not None and sys.stderr.isatty()) and not _is_journal(sys.stderr):
        into_file(path)


def into_file(path: Path) -> None:
    """From now on, all that would be said on a terminal is in that file: for a program that was started without one."""
    sys.stdout = sys.stderr = LogFile(path)


class LogFile(io.TextIOBase):
    """Takes the place of standard error: the newest FILE_BYTES, and at most as much of what was before in another file.

    A log that cannot be written keeps nobody from working.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: TextIO | None = None
        self._size = 0

    def write(self, text: str, /) -> int:
        with self._lock, suppress(OSError):
            if self._file is None or self._size > FILE_BYTES:
                self._open()
            if self._file is not None:
                self._file.write(text)
                self._size += len(text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        with self._lock, suppress(OSError):
            if self._file is not None:
                self._file.flush()

    def close(self) -> None:
        super().close()  # which flushes
        with self._lock, suppress(OSError):
            if self._file is not None:
                self._file.close()

    def writable(self) -> bool:
        return True

    def _open(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        self._file = os.fdopen(opened, "a", buffering=1, encoding="utf-8", errors="replace")
        self._size = os.fstat(self._file.fileno()).st_size
