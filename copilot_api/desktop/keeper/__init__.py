"""What keeps the program running, as `copilot-api service` speaks of it: a service manager, or a start at each login."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from copilot_api.errors import SystemRefused

BOOTED_WITH_SYSTEMD = Path("/run/systemd/system")
"""sd_booted(3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How it stands. `where` is the file or key that says so, "" where there is none; `log` where what is said goes.

    `is_running` and `pid` are None where nobody keeps watch; `state` is how the system puts it, "" where it says nothing.
    `lingers`: whether it runs without anybody logged in, None where there is no such thing.
    """

    kind: str
    where: str
    is_installed: bool
    is_running: bool | None = None
    pid: int | None = None
    state: str = ""
    log: str
    lingers: bool | None = None


class Keeper(Protocol):
    """One system's way. Every call blocks, and raises SystemRefused."""

    def install(self) -> Iterator[str]:
        """Starts the program now, where the system does that, and at each login from now on; tells each step when it is done.

        A second time changes nothing, but for what has changed since, such as where the program lies.
        """
        ...

    def remove(self) -> Iterator[str]:
        """Ends it and takes back what `install` did; tells each step when it is done."""
        ...

    def look(self) -> Kept:
        """Asks the system."""
        ...

    def given(self) -> frozenset[str]:
        """The variables that the program will see when it is started in this way, by name."""
        ...

    def log(self, lines: int, *, follow: bool) -> Iterator[str]:
        """The last lines of what the program said, then those to come."""
        ...


def keeper() -> Keeper:
    """This system's. Raises SystemRefused where a session is missing that the system would have."""
    if sys.platform == "darwin":
        from copilot_api.desktop.keeper.launchd import Launchd

        return Launchd()
    if sys.platform == "linux" and shutil.which("systemctl"):
        from copilot_api.desktop.keeper.systemd import Systemd, answers

        if answers():
            return Systemd()
        if BOOTED_WITH_SYSTEMD.is_dir():
            raise SystemRefused(
                "this machine runs systemd, but the one of your own cannot be reached from here",
                hint="log in directly, not by su or sudo; or set XDG_RUNTIME_DIR to /run/user/ and your number",
            )
    from copilot_api.desktop.keeper.login import Login

    return Login()
