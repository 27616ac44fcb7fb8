"""Windows: a value of the key from which the shell starts programs when this person logs in."""

import os
import re
import subprocess
from collections.abc import Callable

from copilot_api.desktop.autostart.names import NAME
from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.registry import Registry
from copilot_api.errors import SystemRefused

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
# What Task Manager and the settings write there, twelve bytes of which the first is odd, switches the value of that name off.
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
LONGEST = 260
"""Characters of a command line that the shell takes from there."""


class RunKey:
    """The value, by its name. `is_there` tells whether a file exists."""

    def __init__(self, program: Program, registry: Registry, is_there: Callable[[str], bool] = os.path.isfile) -> None:
        self._program, self._registry, self._is_there = program, registry, is_there

    @property
    def where(self) -> str:
        return f"HKEY_CURRENT_USER\\{RUN}\\{NAME}"

    def is_on(self) -> bool | None:
        if self._program.is_passing:
            return None
        line, approved = self._registry.read(RUN, NAME), self._registry.read(APPROVED, NAME)
        if not isinstance(line, str) or (isinstance(approved, bytes) and approved[:1] and approved[0] % 2):
            return False
        quoted = re.match(r'"([^"]*)"', line)
        return self._is_there(quoted[1] if quoted else line.split(" ")[0])

    def set(self, *, on: bool) -> None:
        if on:
            self._registry.write(RUN, NAME, self._line())
        else:
            self._registry.erase(RUN, NAME)
        self._registry.erase(APPROVED, NAME)

    def _line(self) -> str:
        self._program.check()
        path, *rest = self._program.command
        line = f'"{path}" {subprocess.list2cmdline(rest)}'
        if len(line) > LONGEST:
            raise SystemRefused(
                f"Windows starts nothing at login whose command has more than {LONGEST} characters",
                hint="install copilot-api in a folder with a shorter path",
            )
        return line
