"""What the session tells a program in its environment: folders, desktop, service manager. Like settings.py a door to it."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

# Where settings, sign-in and data are. None of these is a secret.
_PLACES = ("COPILOT_API_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


def environment() -> dict[str, str]:
    """All of it, as it is now."""
    return dict(os.environ)


def forget(names: Iterable[str]) -> list[str]:
    """Takes variables out of it: programs that we start need none of them. What was in them."""
    return [os.environ.pop(name) for name in names if name in os.environ]


def places() -> dict[str, str]:
    """The variables that lead this program to its files, absolute: what a later start must be told to find the same ones."""
    return {name: str(Path(value).absolute()) for name in _PLACES if (value := os.environ.get(name))}


def config_home() -> Path:
    """The folder in which a person's programs keep their settings (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def config_folders() -> tuple[Path, ...]:
    """That folder, then the machine's of the same kind."""
    machine = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return (config_home(), *(Path(folder) for folder in machine.split(":") if folder))


def desktops() -> set[str]:
    """What the desktop calls itself, such as GNOME or XFCE."""
    return set(filter(None, os.environ.get("XDG_CURRENT_DESKTOP", "").split(":")))


def appimage() -> Path | None:
    """The AppImage that this process was unpacked from. Programs started by another AppImage inherit the name of that one."""
    file, folder = os.environ.get("APPIMAGE"), os.environ.get("APPDIR")
    return Path(file) if file and folder and Path(sys.argv[0]).is_relative_to(folder) else None


def log_path() -> Path:
    """The log of a program that was started where nobody reads what it says."""
    from platformdirs import user_log_path

    return user_log_path("copilot-api", appauthor=False) / "copilot-api.log"


def is_journal(descriptor: int) -> bool:
    """Whether what is written there goes to systemd's journal (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def notify_socket() -> str:
    """Where a service manager wants to hear how far we are (sd_notify(3)); "" where none does."""
    return os.environ.get("NOTIFY_SOCKET", "")
