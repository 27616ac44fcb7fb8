"""Reads the log of a program that was started where nobody reads what it says (`log.LogFile` writes it)."""

import time
from collections.abc import Iterator
from pathlib import Path

from copilot_api.errors import SystemRefused

LOOKS_EACH_S = 0.5


def tail(path: Path, lines: int, *, follow: bool) -> Iterator[str]:
    """Its last lines, then those to come. Raises SystemRefused where there is none."""
    older, newer = _read(path.with_name(f"{path.name}.1")), _read(path)
    if newer is None:
        raise SystemRefused(f"there is no log yet at {path}", hint="copilot-api service status says whether it starts at login")
    said = ((older or b"") + newer).decode("utf-8", "replace").splitlines()
    yield from said[max(len(said) - lines, 0) :]
    seen = len(newer)
    while follow:
        time.sleep(LOOKS_EACH_S)
        now = _read(path) or b""
        if len(now) < seen:  # it was put aside, and a new one begun
            seen = 0
        whole = now[seen : now.rfind(b"\n") + 1]
        seen += len(whole)
        yield from whole.decode("utf-8", "replace").splitlines()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SystemRefused(f"{path} cannot be read: {error.strerror}", hint="check whose file it is") from error
