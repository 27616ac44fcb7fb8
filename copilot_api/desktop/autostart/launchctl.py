"""launchd, asked about our agent in the words of launchctl(1)."""

import os
import re
import time
from collections.abc import Callable

from copilot_api.desktop.autostart.ask import Said, ask, tell
from copilot_api.desktop.autostart.names import APP_ID
from copilot_api.errors import SystemRefused

LABEL = APP_ID
LOADS_WITHIN_S = 10.0
UNLOADS_WITHIN_S = 60.0
"""Open streams get 30 seconds to finish."""


def domain() -> str:
    """The session at the screen."""
    return f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"


def target() -> str:
    """Our agent in it."""
    return f"{domain()}/{LABEL}"


def is_disabled() -> bool:
    """Whether the person switched it off in the system's settings; launchd keeps that beside the file."""
    told = ask("launchctl", "print-disabled", domain()).out
    return re.search(rf'"{re.escape(LABEL)}" => (?:disabled|true)', told) is not None


def enable() -> None:
    """Takes that back. Raises SystemRefused."""
    tell("launchctl", "enable", target())


def loaded() -> dict[str, str] | None:
    """What launchd tells of the agent, such as `state` and `pid`; None where it knows none of that name."""
    said = ask("launchctl", "print", target())
    return dict(re.findall(r"^\t([a-z ]+) = (.+)$", said.out, re.MULTILINE)) if said.code == 0 else None


def load(path: str) -> None:
    """Lets launchd read the file, which starts the agent. Raises SystemRefused, as where nobody is logged in at the screen."""
    _settled(lambda: ask("launchctl", "bootstrap", domain(), path), LOADS_WITHIN_S, hint="it starts at your next login")


def unload() -> None:
    """Ends the agent and forgets it; returns when it is gone. Raises SystemRefused."""
    ask("launchctl", "bootout", target())
    running = Said(1, "", f"{LABEL} goes on running")
    _settled(lambda: running if loaded() is not None else Said(0, "", ""), UNLOADS_WITHIN_S, hint="try again in a moment")


def _settled(attempt: Callable[[], Said], within_s: float, *, hint: str) -> None:
    """launchctl returns before launchd is done, and refuses what comes meanwhile."""
    until = time.monotonic() + within_s
    while (said := attempt()).code:
        if time.monotonic() > until:
            raise SystemRefused(f"launchd refused: {said.err}", hint=hint)
        time.sleep(0.25)
