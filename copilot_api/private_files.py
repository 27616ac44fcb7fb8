"""Files of one's own: mode 0600 in a folder of mode 0700, never reached through a link, never seen half written.

What is checked is what was opened, and not a path that may lead elsewhere a moment later: the folder is opened first, and the
file inside it. On Windows the user's profile folder is the guard, and its access list that of all in it.
"""

import errno
import logging
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from copilot_api.errors import FileUnsafe

MOST_BYTES = 1024 * 1024
"""None of ours comes near it, and nobody shall make us read for ever."""

REPLACED_WITHIN_S = 2.0

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""The opening of a pipe would wait for whoever writes into it."""

_log = logging.getLogger(__name__)


def belongs_to_others(found: os.stat_result, *, strictly: bool) -> str:
    """Why a file that we only read is not to be believed, though it need not be private; "" where it is.

    `strictly`: root and we ourselves are the only ones it may belong to. A link that led to it does not matter: many keep their
    settings somewhere else, and what counts is the file that was opened.
    """
    if sys.platform == "win32" or not stat.S_ISREG(found.st_mode):
        return ""
    if strictly and found.st_uid not in {os.geteuid(), 0}:
        return "belongs to another user"
    # Many systems give each person a group of their own, and write files for it.
    by_others = found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid())
    return "can be written by other users" if by_others else ""


class PrivateFile:
    """One such file. Every call blocks, and raises FileUnsafe where the file or its folder is not what it must be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes | None:
        """What it holds; None where there is no such file."""
        try:
            with self._folder() as folder, self._opened(folder, os.O_RDONLY | _NO_WAIT) as handle:
                self._check(os.fstat(handle))
                with os.fdopen(handle, "rb", closefd=False) as file:
                    data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.EMLINK}:  # how systems say that it is a link
                raise self._odd() from error
            raise FileUnsafe(f"{self.path} cannot be read: {error.strerror}", hint="mend or remove that file") from error
        if len(data) > MOST_BYTES:
            raise FileUnsafe(f"{self.path} is larger than any file of ours", hint="look what it is, or remove it")
        return data

    def write(self, data: bytes, *, durably: bool = True) -> None:
        """Makes it hold `data`; a reader sees the old or the new, never a part. What was a link is replaced by a file.

        Unless `durably`, the disk is not waited for, which takes long while it is busy; a power cut may leave the file empty.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._folder() as folder:
                self._put(data, folder, durably=durably)
        except OSError as error:
            raise FileUnsafe(
                f"{self.path} cannot be written: {error.strerror}", hint="check the folder and the disk"
            ) from error

    def erase(self) -> bool:
        """Removes it; whether there was one."""
        try:
            with self._folder() as folder:
                os.unlink(self._within(folder), dir_fd=folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise FileUnsafe(f"{self.path} cannot be removed: {error.strerror}", hint="remove it yourself") from error
        return True

    def stamp(self) -> tuple[int, int, int] | None:
        """What is another after each `write` and each `erase`: one look at the disk, for whoever wants to know of changes."""
        try:
            found = self.path.lstat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other processes that ask for the same out while the block runs: for reading, changing and writing in one."""
        with self._lock_file() as handle:
            _lock(handle, wait=True)
            yield

    @contextmanager
    def claimed(self) -> Iterator[bool]:
        """Whether it is this process's alone for as long as the block runs, or another's already. Nobody is waited for."""
        with self._lock_file() as handle:
            yield _lock(handle, wait=False)

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        """A file beside it to be locked; closing it, or the end of the process, gives the lock back."""
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._folder() as folder:
                handle = os.open(
                    lock.name if folder is not None else lock, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600, dir_fd=folder
                )
        except OSError as error:
            raise FileUnsafe(f"{lock} cannot be used: {error.strerror}", hint="check the folder and the disk") from error
        try:
            yield handle
        finally:
            os.close(handle)

    @contextmanager
    def _folder(self) -> Iterator[int | None]:
        """The folder, opened; None where the system opens none. Raises FileUnsafe for a link, and for somebody else's."""
        folder = self.path.parent
        if folder.is_symlink():
            raise FileUnsafe(f"{folder} is a link", hint="remove it; what is kept there needs a folder of its own")
        if sys.platform == "win32":
            yield None
            return
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK)
        try:
            found = os.fstat(handle)
            if found.st_uid not in {os.geteuid(), 0}:
                raise FileUnsafe(f"{folder} belongs to another user", hint="remove it, or move it away")
            if found.st_mode & 0o077 and found.st_uid == os.geteuid():
                os.fchmod(handle, 0o700)
                if found.st_mode & 0o022:
                    _log.warning("%s could be written by other users, which was put right", folder)
            yield handle
        finally:
            os.close(handle)

    def _within(self, folder: int | None) -> str | Path:
        return self.path if folder is None else self.path.name

    @contextmanager
    def _opened(self, folder: int | None, flags: int) -> Iterator[int]:
        if folder is None and self.path.is_symlink():
            raise self._odd()
        handle = os.open(self._within(folder), flags | _NO_LINK, dir_fd=folder)
        try:
            yield handle
        finally:
            os.close(handle)

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise self._odd()
        if sys.platform == "win32":
            return
        if found.st_uid != os.geteuid():
            raise FileUnsafe(f"{self.path} belongs to another user", hint="remove it, and make it anew")
        if found.st_mode & 0o077:
            raise FileUnsafe(
                f"{self.path} can be read by other users, so what it holds may be known to them",
                hint=f"chmod 600 {self.path}, or better: remove it, and make it anew",
            )

    def _odd(self) -> FileUnsafe:
        return FileUnsafe(f"{self.path} is not a plain file", hint="remove it, and make it anew")

    def _put(self, data: bytes, folder: int | None, *, durably: bool) -> None:
        name = f".{self.path.name}.{os.urandom(8).hex()}"
        beside: str | Path = self.path.with_name(name) if folder is None else name
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600, dir_fd=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                if durably:
                    os.fsync(handle)
            self._replaced(beside, folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside, dir_fd=folder)
            raise
        if durably and folder is not None:
            os.fsync(folder)

    def _replaced(self, beside: str | Path, folder: int | None) -> None:
        until = time.monotonic() + REPLACED_WITHIN_S
        while True:
            try:
                os.replace(beside, self._within(folder), src_dir_fd=folder, dst_dir_fd=folder)
            except PermissionError:
                # Windows does not replace a file that somebody reads at this moment.
                if os.name == "posix" or time.monotonic() > until:
                    raise
                time.sleep(0.01)
            else:
                return


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int, *, wait: bool) -> bool:
        """Whether it is ours; waited for up to ten seconds."""
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            if wait:
                raise
            return False
        return True

else:
    import fcntl

    def _lock(handle: int, *, wait: bool) -> bool:
        """Whether it is ours. Where a network drive knows no locks, everybody is told so: two changes at once may lose one."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True
