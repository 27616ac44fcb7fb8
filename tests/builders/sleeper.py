"""A machine that sleeps, as far as one program can tell: it is frozen, and thawed when its wall clock has moved on (Linux).

libfaketime shows it another wall clock; the monotonic one stands still meanwhile, as it does while a laptop sleeps, but for the
moment that the test takes.
"""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.builders.processes import family
from tests.builders.program import Program


@dataclass
class Sleeper:
    """`clock` is the file that says how far the program's wall clock is ahead."""

    clock: Path
    _ahead_s: float = 0.0

    def prepare(self, program: Program) -> None:
        """The program is to be one that can be put to sleep."""
        self._write()
        library = subprocess.run(["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True)
        program.environ |= {
            "LD_PRELOAD": library.stdout.strip(),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def freeze(self, process: int) -> list[int]:
        """Stops the process and all that it has started; gives them."""
        frozen = family(process)
        for one in frozen:
            os.kill(one, signal.SIGSTOP)
        return frozen

    def thaw(self, frozen: list[int], *, after_s: float) -> None:
        """Lets them go on, as if `after_s` seconds had passed."""
        self._ahead_s += after_s
        self._write()
        for one in frozen:
            os.kill(one, signal.SIGCONT)

    def _write(self) -> None:
        self.clock.write_text(f"+{self._ahead_s:.0f}")
