"""What stands in the key is what the shell starts (on a Windows of wine's: tests/installers/windows/test_login_run.py)."""

import pytest

from copilot_api.desktop.autostart.program import Program
from copilot_api.desktop.autostart.run_key import APPROVED, LONGEST, RUN, RunKey
from copilot_api.errors import SystemRefused

PATH = "C:\\Users\\Zoë\\two words\\copilot-api.exe"


class Sheet:
    """A registry on a sheet of paper."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}

    def read(self, key: str, name: str) -> str | bytes | None:
        return self.values.get((key, name))

    def write(self, key: str, name: str, value: str) -> None:
        self.values[key, name] = value

    def erase(self, key: str, name: str) -> None:
        self.values.pop((key, name), None)


def run_key(sheet: Sheet, path: str = PATH, *, there: str = PATH) -> RunKey:
    return RunKey(Program((path, "tray", "--at-login")), sheet, is_there=lambda asked: asked == there)


def test_it_is_off_on_and_off_again_without_a_trace() -> None:
    sheet = Sheet()
    key = run_key(sheet)
    assert key.is_on() is False
    key.set(on=True)
    assert sheet.values == {(RUN, "copilot-api"): f'"{PATH}" tray --at-login'}
    assert key.is_on() is True
    key.set(on=False)
    assert sheet.values == {}
    assert key.where == "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\copilot-api"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (bytes.fromhex("020000000000000000000000"), True),
        (bytes.fromhex("060000000000000000000000"), True),
        (bytes.fromhex("030000001122334455667788"), False),
        (bytes.fromhex("070000001122334455667788"), False),
        (b"", True),
        ("text", True),
    ],
)
def test_what_the_task_manager_says_counts_until_it_is_set_here(state: str | bytes, expected: bool) -> None:
    sheet = Sheet()
    key = run_key(sheet)
    key.set(on=True)
    sheet.values[APPROVED, "copilot-api"] = state
    assert key.is_on() is expected
    key.set(on=True)
    assert key.is_on() is True


def test_a_program_that_has_gone_is_noticed() -> None:
    sheet = Sheet()
    run_key(sheet).set(on=True)
    assert run_key(sheet, there="C:\\elsewhere\\copilot-api.exe").is_on() is False


@pytest.mark.parametrize("line", ["C:\\copilot-api.exe tray", '"C:\\copilot-api.exe"'])
def test_what_others_wrote_is_understood(line: str) -> None:
    sheet = Sheet()
    sheet.values[RUN, "copilot-api"] = line
    assert run_key(sheet, there="C:\\copilot-api.exe").is_on() is True


def test_what_is_too_long_for_the_shell_is_refused_and_changes_nothing() -> None:
    sheet = Sheet()
    with pytest.raises(SystemRefused, match="more than 260 characters"):
        run_key(sheet, "C:\\" + "a" * LONGEST).set(on=True)
    assert sheet.values == {}


def test_a_run_of_uvx_is_not_offered() -> None:
    assert run_key(Sheet(), "C:/Users/me/AppData/Local/uv/cache/archive-v0/x/Scripts/pythonw.exe").is_on() is None
