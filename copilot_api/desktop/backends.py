"""Which desktop's tray this system has: the one place that knows, and imports no other than that."""

import sys

from copilot_api.desktop.backend import Backend
from copilot_api.errors import DesktopMissing

_ELSEWHERE = "everything else works from a terminal: copilot-api start"


def open_backend(platform: str = sys.platform) -> Backend:
    """The backend for this system, not yet running. Raises DesktopMissing where there is nothing that could show an icon.

    To be called where no event loop runs. A desktop whose bar shows no icons is none of these cases: see `Backend.run`.
    """
    if platform == "win32":
        from copilot_api.desktop.windows_tray import windows_tray

        return windows_tray()
    if platform == "darwin":
        from copilot_api.desktop.mac_tray import mac_tray

        return mac_tray()
    if platform != "linux":
        raise DesktopMissing(f"There is no tray icon for {platform}", hint=_ELSEWHERE)
    from copilot_api.desktop import dbus_socket
    from copilot_api.desktop.linux_tray import LinuxTray

    if not dbus_socket.is_there(dbus_socket.session):
        raise DesktopMissing("There is no desktop session here (no D-Bus session bus), so no tray icon", hint=_ELSEWHERE)
    return LinuxTray()
