"""The real registry of Windows, in a key of the test's own; elsewhere wine's (tests/installers/windows/test_login_run.py)."""

import sys

from copilot_api.desktop.autostart import registry

if sys.platform == "win32":
    import winreg
    from collections.abc import Iterator

    import pytest

    from copilot_api.errors import SystemRefused

    KEY = "Software\\copilot-api-test"

    @pytest.fixture
    def real() -> Iterator[registry.WindowsRegistry]:
        """Ours, with nothing in it before and after."""
        yield registry.WindowsRegistry()
        winreg.DeleteKey(winreg.HKEY_CURRENT_USER, KEY)

    def test_a_value_comes_and_goes(real: registry.WindowsRegistry) -> None:
        assert real.read(KEY, "name") is None
        real.erase(KEY, "name")
        real.write(KEY, "name", '"C:\\Zoë\\copilot-api.exe" tray')
        assert real.read(KEY, "name") == '"C:\\Zoë\\copilot-api.exe" tray'
        real.erase(KEY, "name")
        real.erase(KEY, "name")
        assert real.read(KEY, "name") is None

    def test_other_kinds_of_value(real: registry.WindowsRegistry) -> None:
        with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, KEY, access=winreg.KEY_SET_VALUE) as opened:
            winreg.SetValueEx(opened, "bytes", 0, winreg.REG_BINARY, b"\x03\x00")
            winreg.SetValueEx(opened, "number", 0, winreg.REG_DWORD, 3)
        assert real.read(KEY, "bytes") == b"\x03\x00"
        assert real.read(KEY, "number") is None

    def test_what_windows_refuses_is_told(monkeypatch: pytest.MonkeyPatch, real: registry.WindowsRegistry) -> None:
        real.write(KEY, "name", "value")

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Access is denied")

        monkeypatch.setattr(winreg, "SetValueEx", refuse)
        monkeypatch.setattr(winreg, "DeleteValue", refuse)
        with pytest.raises(SystemRefused, match=r"does not let us change Software\\copilot-api-test: Access is denied"):
            real.write(KEY, "name", "other")
        with pytest.raises(SystemRefused, match="does not let us change"):
            real.erase(KEY, "name")

else:

    def test_elsewhere_there_is_none() -> None:
        assert not hasattr(registry, "WindowsRegistry")
