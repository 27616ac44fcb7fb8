"""Whether the system starts the tray at each login: asked of the system each time, because others may change it, too."""

import sys
from typing import Protocol

from copilot_api.desktop.autostart.program import Program, at_login


class Autostart(Protocol):
    """One system's way to start a program at login. Both calls block, and may come from any thread."""

    @property
    def where(self) -> str:
        """The file or key that says so, for people."""
        ...

    def is_on(self) -> bool | None:
        """Whether a login would start the program. None: nothing that could be started then, such as a run of uvx."""
        ...

    def set(self, *, on: bool) -> None:
        """Makes it so. Raises SystemRefused where the system does not let us."""
        ...


def autostart(program: Program | None = None) -> Autostart:
    """This system's. `program` is what is started: by default the tray, in the form in which we run."""
    program = program or at_login("tray", "--at-login")
    if sys.platform == "win32":
        from copilot_api.desktop.autostart.registry import WindowsRegistry
        from copilot_api.desktop.autostart.run_key import RunKey

        return RunKey(program, WindowsRegistry())
    if sys.platform == "darwin":
        from copilot_api.desktop.autostart.launch_agent import LaunchAgent

        return LaunchAgent(program)
    from copilot_api.desktop.autostart.xdg import Entry

    return Entry(program)
