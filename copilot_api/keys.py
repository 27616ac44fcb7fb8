"""API keys for clients, one by name for each: made here, shown once, and kept as hashes that are worth nothing to a thief.

A key is 256 random bits, so one round of SHA-256 keeps it as well as anything could: nobody tries 2^256 keys, however fast.
Slow hashes are for passwords, which can be guessed; here they would cost every request tens of milliseconds, and let anybody
who sends wrong keys keep the processor busy. Keys of the settings, which people may choose themselves, are not kept at all.
"""

import hashlib
import json
import re
import secrets
import string
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from copilot_api.errors import FileUnsafe, KeyNameUnusable
from copilot_api.private_files import PrivateFile

PREFIX = "cap_"
"""Tells what it is to people, to those who search for leaked secrets, and to our own log."""

PLACE = Path("keys", "api-keys.json")
"""In the data folder."""

MOST = 200
RESERVED = "settings"
"""How the keys of the settings are called, with a number."""

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 43  # of 62 letters each: 256 bits
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What is kept of one. `ending` is its last letters, by which its owner knows it again; `made_at` is seconds since 1970."""

    name: str
    digest: str
    ending: str
    made_at: int


def digest_of(key: str) -> str:
    """What is kept of a key in its place."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


class KeyFile:
    """The keys that `copilot-api keys` makes. Every call blocks, and raises FileUnsafe for a file that is not ours alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = PrivateFile(path)

    @classmethod
    def of(cls, folder: Path) -> "KeyFile":
        """The one in a data folder."""
        return cls(folder / PLACE)

    def stamp(self) -> tuple[int, int, int] | None:
        """What is another after each change."""
        return self._file.stamp()

    def read(self) -> tuple[Key, ...] | None:
        """The keys, oldest first; None where no key was ever made, or all were forgotten: then none is asked for."""
        data = self._file.read()
        return None if data is None else self._parsed(data)

    def add(self, name: str) -> str:
        """Makes a key, which is told here and never again. Raises KeyNameUnusable."""
        return self._made(name, replaces=False)

    def renew(self, name: str) -> str:
        """Like `add`; a key that has that name is revoked."""
        return self._made(name, replaces=True)

    def revoke(self, name: str) -> None:
        """Forgets that key. The file stays, so that without any key left nobody is let in. Raises KeyNameUnusable."""
        with self._file.held():
            kept = self.read() or ()
            left = [key for key in kept if key.name.lower() != name.lower()]
            if len(left) == len(kept):
                raise KeyNameUnusable(f"there is no API key named {name!r}", hint="copilot-api keys list shows them")
            self._keep(left)

    def forget(self) -> int:
        """Forgets all of them, and that one was needed; how many there were."""
        with self._file.held():
            kept = self.read() or ()
            self._file.erase()
            return len(kept)

    def _made(self, name: str, *, replaces: bool) -> str:
        if not _NAME.fullmatch(name):
            raise KeyNameUnusable(
                f"{name[:60]!r} cannot be the name of a key",
                hint="use up to 40 letters, digits, dots and dashes, such as claude-code",
            )
        if name.lower().startswith(RESERVED):
            raise KeyNameUnusable(f"names with {RESERVED} are those of the keys in the settings", hint="choose another name")
        with self._file.held():
            kept = self.read() or ()
            others = [key for key in kept if key.name.lower() != name.lower()]
            if len(others) < len(kept) and not replaces:
                raise KeyNameUnusable(
                    f"there is an API key named {name!r} already",
                    hint=f"copilot-api keys revoke {name}, or choose another name",
                )
            if len(others) >= MOST:
                raise KeyNameUnusable(f"there are {MOST} API keys already", hint="revoke those that nobody uses")
            value = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
            self._keep([*others, Key(name=name, digest=digest_of(value), ending=value[-4:], made_at=int(time.time()))])
            return value

    def _keep(self, kept: Sequence[Key]) -> None:
        self._file.write(json.dumps({"version": 1, "keys": [asdict(key) for key in kept]}, indent=1).encode())

    def _parsed(self, data: bytes) -> tuple[Key, ...]:
        try:
            return tuple(_key(entry) for entry in json.loads(data)["keys"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FileUnsafe(
                f"{self.path} does not hold API keys as this version writes them",
                hint="mend it, or start anew with copilot-api keys off",
            ) from error


def _key(entry: dict[str, object]) -> Key:
    name, digest, ending, made_at = (entry[part] for part in ("name", "digest", "ending", "made_at"))
    if not (isinstance(name, str) and isinstance(digest, str) and isinstance(ending, str) and isinstance(made_at, int)):
        raise TypeError
    if not (_NAME.fullmatch(name) and _DIGEST.fullmatch(digest)):
        raise ValueError
    return Key(name=name, digest=digest, ending=ending, made_at=made_at)
