"""The part of Windows' registry that is this person's own."""

import sys
from typing import Protocol

from copilot_api.errors import SystemRefused


class Registry(Protocol):
    """Values by key and name: a text or bytes, None where there is nothing. Writing raises SystemRefused."""

    def read(self, key: str, name: str) -> str | bytes | None: ...
    def write(self, key: str, name: str, value: str) -> None: ...
    def erase(self, key: str, name: str) -> None: ...


if sys.platform == "win32":
    import winreg

    class WindowsRegistry:
        """The real one."""

        def read(self, key: str, name: str) -> str | bytes | None:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    value = winreg.QueryValueEx(opened, name)[0]
            except FileNotFoundError:
                return None
            return value if isinstance(value, str | bytes) else None

        def write(self, key: str, name: str, value: str) -> None:
            try:
                with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, key, access=winreg.KEY_SET_VALUE) as opened:
                    winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)
            except OSError as error:
                raise _refused(key, error) from error

        def erase(self, key: str, name: str) -> None:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, access=winreg.KEY_SET_VALUE) as opened:
                    winreg.DeleteValue(opened, name)
            except FileNotFoundError:
                return
            except OSError as error:
                raise _refused(key, error) from error

    def _refused(key: str, error: OSError) -> SystemRefused:
        return SystemRefused(
            f"Windows does not let us change {key}: {error.strerror}",
            hint="ask whoever manages this machine whether that is meant",
        )
