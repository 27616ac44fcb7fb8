"""One tray for each person, whatever became of the one before."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from copilot_api.desktop.only_one import FILE_NAME, beckon, only_one

ROOT = Path(__file__).parent.parent.parent
HOLD = """
import sys, time
from pathlib import Path
from copilot_api.desktop.only_one import only_one
with only_one(Path(sys.argv[1])) as other:
    print(other, flush=True)
    time.sleep(60)
"""


def holding(folder: Path) -> "subprocess.Popen[str]":
    """Another process that is the tray."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    assert process.stdout.readline() == "None\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def test_the_first_is_the_one_and_the_second_learns_who_it_is(tmp_path: Path) -> None:
    first = holding(tmp_path)
    try:
        with only_one(tmp_path) as other:
            assert other == first.pid
        with only_one(tmp_path) as other:
            assert other == first.pid
    finally:
        end(first)


def test_one_that_was_killed_keeps_nobody_out(tmp_path: Path) -> None:
    end(holding(tmp_path))
    assert (tmp_path / FILE_NAME).exists()
    with only_one(tmp_path) as other:
        assert other is None
        assert (tmp_path / FILE_NAME).read_text("utf-8") == str(os.getpid())
    assert not (tmp_path / FILE_NAME).exists()


def test_a_file_that_names_nobody_is_no_reason_to_fail(tmp_path: Path) -> None:
    first = holding(tmp_path)
    try:
        (tmp_path / FILE_NAME).write_text("nobody", "utf-8")
        with only_one(tmp_path) as other:
            assert other == 0
            assert not beckon(other)
    finally:
        end(first)


if sys.platform != "win32":

    @pytest.mark.parametrize("process_id", [0, -1, 2**22 + 1])
    def test_nobody_is_beckoned_who_is_not_there(process_id: int) -> None:
        assert not beckon(process_id)

    def test_the_one_is_told_by_a_signal() -> None:
        code = (
            "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}); print('up', flush=True); "
            "signal.sigwait({signal.SIGUSR1}); print('seen')"
        )
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        assert beckon(process.pid)
        ends = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < ends:
            time.sleep(0.01)
        assert process.communicate()[0] == "seen\n"
