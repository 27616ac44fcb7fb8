"""Counts the instructions that a running program executes, which says what work costs where times are noise.

A virtual machine's clock differs by a fifth from one run to the next; the count of a whole run differs by a hundredth. It is
taken by callgrind (Debian's `valgrind`), under which a program runs some fifty times slower than alone.
"""

import shutil
import subprocess
from pathlib import Path

SLOWER = 10
"""How much more patience a start needs: until `begin`, little is counted."""


def can_count() -> bool:
    """Whether this machine has what it takes."""
    return shutil.which("valgrind") is not None


def counted(command: list[str], folder: Path) -> list[str]:
    """The command under callgrind, which writes what it counts into `folder`. Keeps the process."""
    quiet = ["valgrind", "--quiet", "--tool=callgrind", "--trace-children=yes"]
    return [*quiet, "--instr-atstart=no", f"--callgrind-out-file={folder}/%p", *command]


class Counter:
    """Of one process that runs a command made by `counted`."""

    def __init__(self, process: int, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._dumps = 0

    def begin(self) -> None:
        """Counts from now on."""
        self._tell("--instr=on")

    def take(self) -> int:
        """Instructions since `begin` or the last `take`, those that the system executed for it not among them."""
        self._tell("--dump")
        self._dumps += 1
        text = Path(self._folder, f"{self._process}.{self._dumps}").read_text("utf-8", "replace")
        return int(text.rpartition("\ntotals: ")[2])

    def _tell(self, what: str) -> None:
        subprocess.run(["callgrind_control", what, str(self._process)], check=True, capture_output=True)
