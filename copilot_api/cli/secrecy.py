"""What a command that runs for long does about its own secrets, once its settings are loaded."""

import os
import stat
from pathlib import Path

from copilot_api import console, own_process, session, settings
from copilot_api.settings import Settings

SECRET = tuple(name for name, option in settings.options().items() if option.metadata["secret"])


def keep(loaded: Settings) -> None:
    """Takes them from where other programs and other users see them: arguments, environment, core dumps, the settings file."""
    variables = (variable for name in SECRET for variable in settings.variables(name))
    own_process.hide([*session.forget(variables), *_values(loaded)])
    if not loaded.core_dumps:
        own_process.forbid_dumps()
    path = settings.config_path()
    if any(loaded.origins.get(name) == str(path) for name in SECRET) and _shut(path):
        console.warn(f"{path} holds a secret, and other users could read it; now only you can", hint="better take a new one")


def _values(loaded: Settings) -> list[str]:
    found = [getattr(loaded, name) for name in SECRET]
    return [value for one in found for value in ((one,) if isinstance(one, str) else one) if value]


def _shut(path: Path) -> bool:
    """Keeps other users from reading it; whether they could. What a link leads to, and what is not ours, is left alone."""
    try:
        found = path.lstat()
        if os.name != "posix" or not stat.S_ISREG(found.st_mode) or not found.st_mode & 0o077:
            return False
        path.chmod(0o600)
    except OSError:  # on a read-only ground, or not ours
        return False
    return True
