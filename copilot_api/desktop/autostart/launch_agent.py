"""macOS: a launch agent of this person's, which launchd starts at login (launchd.plist(5))."""

import os
import plistlib
from pathlib import Path, PurePath
from xml.parsers.expat import ExpatError

from copilot_api import session
from copilot_api.desktop.autostart import launchctl
from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.written import put, remove


class LaunchAgent:
    """The agent, by its file. What is set takes effect at the next login; the one that runs is left alone."""

    def __init__(self, program: Program, folder: Path | None = None) -> None:
        self._program = program
        self.path = (folder or Path.home() / "Library" / "LaunchAgents") / f"{launchctl.LABEL}.plist"

    @property
    def where(self) -> str:
        return str(self.path)

    def is_on(self) -> bool | None:
        if self._program.is_passing:
            return None
        try:
            program = plistlib.loads(self.path.read_bytes())["ProgramArguments"][0]
        except (OSError, ValueError, LookupError, TypeError, ExpatError):
            return False
        return os.access(program, os.X_OK) and not launchctl.is_disabled()

    def set(self, *, on: bool) -> None:
        if not on:
            remove(self.path)
            return
        self._program.check()
        log = session.log_path()
        log.parent.mkdir(parents=True, exist_ok=True)  # launchd makes the file and not the folder
        put(self.path, write(self._program, log))
        if launchctl.is_disabled():
            launchctl.enable()


def write(program: Program, log: PurePath) -> bytes:
    """The agent that starts `program`, and has all that it says in `log`."""
    agent = {
        "Label": launchctl.LABEL,
        "ProgramArguments": [*program.command],
        "EnvironmentVariables": {**program.variables},
        "RunAtLoad": True,
        # It is started again after a crash, not after Quit or `copilot-api service remove`, and then not at once.
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 60,
        # Somebody waits for each answer: launchd would otherwise slow its processor and disk down.
        "ProcessType": "Interactive",
        "ExitTimeOut": 40,  # open streams get 30 seconds to finish
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
    }
    return plistlib.dumps(agent, sort_keys=False)
