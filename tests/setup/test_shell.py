"""The person's shell is found without running another program."""

import os
import subprocess
import sys

import pytest

from copilot_api.setup.shell import Process, detect, nearest_shell


def test_the_nearest_shell_is_found_behind_launchers() -> None:
    """compat.md §2.1 ⚠: the original asked `wmic`, which new Windows has no more."""
    running = {
        4: Process(parent=3, program="python.exe"),
        3: Process(parent=2, program="copilot-api.exe"),
        2: Process(parent=1, program=r"C:\Windows\System32\WindowsPowerShell\v1.0\PowerShell.EXE"),
        1: Process(parent=0, program="cmd.exe"),
    }
    assert nearest_shell(running, 4) == "powershell"
    assert nearest_shell(running, 1) == "cmd"


def test_no_shell_above_is_no_guess() -> None:
    assert nearest_shell({4: Process(parent=3, program="python.exe")}, 4) is None
    assert nearest_shell({}, 4) is None


def test_a_chain_that_comes_back_to_itself_ends() -> None:
    running = {4: Process(parent=3, program="python.exe"), 3: Process(parent=4, program="explorer.exe")}
    assert nearest_shell(running, 4) is None


if sys.platform == "win32":

    def test_windows_tells_its_processes() -> None:
        from copilot_api.setup.shell import processes

        assert "python" in processes()[os.getpid()].program.lower()

    def test_cmd_is_found_as_the_parent() -> None:
        command = f'"{sys.executable}" -c "from copilot_api.setup.shell import detect; print(detect())"'
        done = subprocess.run(["cmd", "/c", command], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "cmd"

else:

    @pytest.mark.parametrize("shell", ["zsh", "fish", "bash"])
    def test_elsewhere_the_environment_names_it(monkeypatch: pytest.MonkeyPatch, shell: str) -> None:
        monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
        assert detect() == shell
