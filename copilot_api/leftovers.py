"""Older versions that the one file left unpacked in the cache: removed where nobody runs them."""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = __name__.partition(".")[0]
"""Its data lies in a folder of this name wherever it is unpacked."""
MARK = ".in-use"
REMOVED = ".removed"
KEPT_S = 86400.0
"""A version that was started within that time is left alone: somebody may be trying two."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps others from removing `folder` for as long as the block runs."""
    try:
        mark = (folder / MARK).open("a")
    except OSError:  # a cache that cannot be written is one that nobody tidies
        yield
        return
    with mark:
        os.utime(mark.fileno() if os.utime in os.supports_fd else mark.name)
        _lock(mark.fileno(), shared=True)
        yield


def sweep(folder: Path) -> list[Path]:
    """Removes the folders beside `folder` that hold another version of this program. Gives those that are gone."""
    try:
        others = sorted(set(folder.parent.iterdir()) - {folder})
    except OSError:
        return []
    return [other for other in others if _is_left_over(other) and _moved_away(other)]


def _is_left_over(other: Path) -> bool:
    if other.is_symlink() or not other.is_dir():
        return False
    if other.name.endswith(REMOVED):  # what a sweep that was interrupted had begun
        return True
    return (other / PACKAGE).is_dir() and time.time() - _last_started(other) > KEPT_S and not _is_held(other / MARK)


def _last_started(other: Path) -> float:
    """Now, where somebody else has just removed it."""
    for path in (other / MARK, other):
        try:
            return path.stat().st_mtime
        except OSError:
            continue
    return time.time()


def _moved_away(other: Path) -> bool:
    """Windows does not rename a folder in which a program runs; elsewhere nobody finds half of one."""
    away = other if other.name.endswith(REMOVED) else other.with_name(other.name + REMOVED)
    try:
        other.rename(away)
    except OSError:
        return False
    shutil.rmtree(away, ignore_errors=True)
    return True


def _is_held(mark: Path) -> bool:
    try:
        with mark.open("a") as file:
            return not _lock(file.fileno(), shared=False)
    except OSError:
        return True


if sys.platform == "win32":

    def _lock(_descriptor: int, *, shared: bool) -> bool:  # noqa: ARG001 - what the other systems need
        """Not needed: see `_moved_away`."""
        return True

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool) -> bool:
        """Whether the lock is ours; the system takes it back when the file is closed or the process is gone."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
