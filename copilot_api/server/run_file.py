"""The file by which other programs of the person find a running server: where it is, and the secret that opens its controls.

One file for each port, in a folder that nobody else can enter. A crash leaves it behind; then nobody answers at its address to
its secret, and the next server puts its own in the place.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.read import number, obj, string
from copilot_api.errors import FileUnsafe
from copilot_api.private_files import PrivateFile
from copilot_api.server.guard import is_loopback

SUFFIX = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A server that runs, or did. `url` is what clients use, `control` the base URL of its controls, which `secret` opens.

    `form` is that of the program (`form.Form`), `since` when it began, in unix seconds.
    """

    pid: int
    port: int
    url: str
    control: str
    secret: str = field(repr=False)
    version: str = ""
    form: str = ""
    since: float = 0.0


class RunFile:
    """The file of one run. Every call blocks."""

    def __init__(self, folder: Path, run: Run) -> None:
        self._file = PrivateFile(folder / f"{run.port}{SUFFIX}")
        self._run = run

    def write(self) -> None:
        """Puts it there, in the place of what an earlier server may have left. Raises FileUnsafe.

        The disk is not waited for: a power cut ends the server, too.
        """
        _sweep(self._file.path.parent)
        self._file.write(dumps(asdict(self._run)), durably=False)

    def remove(self) -> None:
        """Takes it away, unless it is another server's by now. Raises FileUnsafe."""
        if _parsed(self._file.read() or b"") == self._run:
            self._file.erase()


def runs(folders: Iterable[Path], *, port: int | None = None) -> Iterator[Run]:
    """What the files in these folders say, of one port or of all. Blocks.

    A file that is not the person's alone is left out: it could send our secret to somebody else.
    """
    for path in _paths(folders):
        if port is None or path.stem == str(port):
            try:
                run = _parsed(PrivateFile(path).read() or b"")
            except FileUnsafe:
                continue
            if run is not None:
                yield run


def is_gone(pid: int) -> bool:
    """Whether there is certainly no such process any more. On Windows nobody can be asked without harm."""
    if sys.platform == "win32" or pid <= 0:
        return False
    try:
        with suppress(PermissionError):  # of another user's
            os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _sweep(folder: Path) -> None:
    """Removes what servers left there that were killed."""
    for path in _paths([folder]):
        file = PrivateFile(path)
        try:
            run = _parsed(file.read() or b"")
            if run is not None and is_gone(run.pid):
                file.erase()
        except FileUnsafe:
            continue


def _paths(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        try:
            found = sorted(folder.glob(f"*{SUFFIX}"))
        except OSError:
            continue
        yield from (path for path in found if path.stem.isdecimal())


def _parsed(data: bytes) -> Run | None:
    try:
        body: Json = obj(loads(data))
    except ValueError:
        return None
    run = Run(
        pid=number(body.get("pid")),
        port=number(body.get("port")),
        url=string(body.get("url")),
        control=string(body.get("control")),
        secret=string(body.get("secret")),
        version=string(body.get("version")),
        form=string(body.get("form")),
        since=float(number(body.get("since"))),
    )
    return run if run.secret and run.secret.isascii() and run.pid > 0 and _is_here(run.control) else None


def _is_here(url: str) -> bool:
    """Whether it leads to this machine, where our secret may be shown."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and is_loopback(parts.hostname or "")
