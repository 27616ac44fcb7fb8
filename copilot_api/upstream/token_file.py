"""The GitHub token in a file of one's own, for machines without a keyring: mode 0600 in a folder of mode 0700."""

import re
from pathlib import Path

from copilot_api.errors import FileUnsafe, KeyringUnusable
from copilot_api.private_files import PrivateFile


class FileVault:
    """One token in one file. Only `token_store = "file"` chooses it. Raises KeyringUnusable for all that is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"the file {path}"
        self._file = PrivateFile(path)

    @classmethod
    def of(cls, folder: Path, host: str) -> "FileVault":
        """The vault of one host."""
        return cls(folder / re.sub(r"[^a-z0-9.-]", "_", host))

    def read(self) -> str | None:
        """The token, or None. Raises KeyringUnusable for a file that others can read or might have put there."""
        try:
            data = self._file.read()
            return (data or b"").decode().strip() or None
        except FileUnsafe as problem:
            raise _renamed(problem) from problem
        except UnicodeDecodeError as error:
            raise KeyringUnusable(f"{self.path} cannot be read: it is no text", hint="mend or remove that file") from error

    def write(self, token: str) -> None:
        """Keeps `token`; a reader sees the old one or the new one, never a part."""
        data = token.encode()
        try:
            self._file.write(data)
        except FileUnsafe as problem:
            raise _renamed(problem) from problem

    def erase(self) -> bool:
        """Removes the file; whether there was one."""
        try:
            return self._file.erase()
        except FileUnsafe as problem:
            raise _renamed(problem) from problem


def _renamed(problem: FileUnsafe) -> KeyringUnusable:
    return KeyringUnusable(problem.message, hint=problem.hint.replace("make it anew", "run copilot-api auth"))
