"""The GitHub token in a file of one's own, for machines without a keyring: mode 0600 in a folder of mode 0700."""

import os
import re
import stat
import tempfile
from pathlib import Path

from copilot_api.errors import KeyringUnusable


class FileVault:
    """One token in one file. Only `token_store = "file"` chooses it. On Windows the user's profile folder is the guard."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"the file {path}"

    @classmethod
    def of(cls, folder: Path, host: str) -> "FileVault":
        """The vault of one host."""
        return cls(folder / re.sub(r"[^a-z0-9.-]", "_", host))

    def read(self) -> str | None:
        """The token, or None. Raises KeyringUnusable for a file that others can read or might have put there."""
        try:
            self._check(self.path.lstat())
            # Between the look and the opening the file may have been exchanged for a link or a pipe: follow and wait for none.
            handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(handle, encoding="utf-8") as file:
                self._check(os.fstat(handle))
                return file.read().strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyringUnusable(f"{self.path} cannot be read: {error}", hint="mend or remove that file") from error

    def write(self, token: str) -> None:
        """Keeps `token`; a reader sees the old one or the new one, never a part. Raises KeyringUnusable."""
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.is_symlink():
                raise KeyringUnusable(f"{folder} is a link", hint="remove it; the token needs a folder of its own")
            folder.chmod(0o700)
            handle, name = tempfile.mkstemp(dir=folder, prefix=".")  # made with mode 0600, never over an existing file
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(token)
                    file.flush()
                    os.fsync(handle)
                temporary.replace(self.path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise KeyringUnusable(f"{self.path} cannot be written: {error}", hint="check the folder and the disk") from error

    def erase(self) -> bool:
        """Removes the file; whether there was one. Raises KeyringUnusable."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise KeyringUnusable(f"{self.path} cannot be removed: {error}", hint="remove it yourself") from error
        return True

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise KeyringUnusable(f"{self.path} is not a plain file", hint="remove it and run copilot-api auth")
        if os.name != "posix":
            return
        if found.st_uid != os.geteuid():
            raise KeyringUnusable(f"{self.path} belongs to another user", hint="remove it and run copilot-api auth")
        if found.st_mode & 0o077:
            raise KeyringUnusable(
                f"{self.path} can be read by other users, so its token may be known to them",
                hint=f"chmod 600 {self.path}, or better: run copilot-api auth for a new one",
            )
