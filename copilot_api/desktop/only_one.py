"""One tray for each person: a second start finds the first, which then draws attention to itself."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from copilot_api.private_files import PrivateFile

FILE_NAME = "tray"


@contextmanager
def only_one(folder: Path) -> Iterator[int | None]:
    """None: this process is the tray for as long as the block runs. Else the id of the one that is. Raises FileUnsafe."""
    file = PrivateFile(folder / FILE_NAME)
    with file.claimed() as is_ours:
        if not is_ours:
            yield _process_id(file.read())
            return
        file.write(str(os.getpid()).encode())
        try:
            yield None
        finally:
            file.erase()


def beckon(process_id: int) -> bool:
    """Lets the tray of that process show itself; whether it could be told."""
    if sys.platform == "win32" or process_id <= 0:
        return False
    with suppress(OSError):
        os.kill(process_id, signal.SIGUSR1)
        return True
    return False


def _process_id(data: bytes | None) -> int:
    return int(data) if data and data.isdigit() else 0
