"""What this machine lacks of the programs by which sessions start and check entries."""

import os
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# The system's programs that tests need, by file or by the name they begin with.
PROGRAMS = {
    "test_desktop_entry.py::test_the_desktops_own_checker": "desktop-file-validate",
    "test_login_session.py::test_glib": "gio",
    "test_login_session.py::test_a_plain_session": "dex",
    "test_launch_agent.py::test_the_system_s_own_checker": "plutil" if sys.platform == "darwin" else "plistutil",
}
_LACKING: set[str] = set()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests whose programs are not installed are left out, and the end of the run says so; root in CI gets no such excuse."""
    if os.environ.get("CI") and sys.platform == "linux" and os.geteuid() == 0:
        return
    out = [item for item in items if HERE in item.path.parents and _lacks(item)]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def _lacks(item: pytest.Item) -> str:
    name = f"{item.path.name}::{item.name}"
    needed = next((program for test, program in PROGRAMS.items() if name.startswith(test)), "")
    lacking = needed if needed and shutil.which(needed) is None else ""
    _LACKING.update({lacking} - {""})
    return lacking


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _LACKING:
        terminalreporter.write_line(f"left out: tests of start at login that need {', '.join(sorted(_LACKING))}")
