"""A machine that sleeps, as far as one program can tell: it is frozen, and thawed when its wall clock has moved on (Linux).

libfaketime shows it another wall clock; the monotonic one stands still meanwhile, as it does while a laptop sleeps, but for the
moment that the test takes. It names what its processes share by their ids, and refuses a name that is taken: what a killed
process left has to go, or a later one with the same id does not start.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.builders.processes import family
from tests.builders.program import Program

SHARED = Path("/dev/shm")
"""Where glibc keeps what processes share by name."""


def sweep() -> None:
    """Removes what libfaketime shared for processes that are no more."""
    for shared in [*SHARED.glob("faketime_shm_*"), *SHARED.glob("sem.faketime_sem_*")]:
        process = shared.name.rpartition("_")[2]
        if not Path("/proc", process).exists():
            shared.unlink(missing_ok=True)


@dataclass
class Sleeper:
    """`clock` is the file that says how far the program's wall clock is ahead."""

    clock: Path
    _ahead_s: float = 0.0

    @contextmanager
    def prepared(self, program: Program) -> Iterator[None]:
        """Within, the program is one that can be put to sleep.

        Raises:
            RuntimeError: faketime is not installed.
        """
        faketime = shutil.which("faketime")
        if faketime is None:
            raise RuntimeError("faketime is missing: install the package of that name")
        self._write()
        sweep()
        program.environ |= {
            # The loader itself puts in what this system calls its folder of libraries.
            "LD_PRELOAD": str(Path(faketime).parents[1] / "$LIB/faketime/libfaketime.so.1"),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        yield
        sweep()

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
