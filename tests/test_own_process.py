"""What a server asks of the system for itself: enough files for its clients, and that nobody sees its secrets."""

import subprocess
import sys
from pathlib import Path

import pytest

from copilot_api import own_process

RAISE = "import sys; from copilot_api import own_process; print(own_process.raise_descriptors(int(sys.argv[1])))"


def raised(limits: str, wanted: int) -> int:
    """How many files a process may open that had `limits`, and wanted so many."""
    command = ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", sys.executable, "-c", RAISE, str(wanted)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(
    ("limits", "wanted", "found"),
    [
        ("ulimit -S -n 256", 2000, 2000),
        ("ulimit -n 300", 2000, 300),
        ("ulimit -S -n 1024", 512, 1024),
    ],
    ids=["raised", "as far as allowed", "never lowered"],
)
def test_as_many_files_as_wanted_may_be_opened(limits: str, wanted: int, found: int) -> None:
    assert raised(limits, wanted) == found


HIDE = """
import os, sys
from copilot_api import own_process
own_process.hide([sys.argv[1], os.environ.pop("CANARY"), "abc", ""])
for name in ("cmdline", "environ"):
    sys.stdout.buffer.write(open(f"/proc/self/{name}", "rb").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what /proc shows")
def test_what_is_hidden_is_shown_nowhere() -> None:
    environ = {"CANARY": "of-the-environment", "STAYS": "abc", "TWICE": "of-the-environment of-the-environment"}
    command = [sys.executable, "-c", HIDE, "of-the-arguments", "--and=of-the-arguments", "abc"]
    done = subprocess.run(command, env=environ | {"PYTHONPATH": "."}, capture_output=True, text=True, check=True)
    assert "of-the" not in done.stdout
    assert "--and=xxxxxxxxxxxxxxxx" in done.stdout
    assert "STAYS=abc" in done.stdout
    assert f"CANARY={'x' * 18}" in done.stdout


def test_where_the_system_does_not_tell_nothing_is_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for told in (None, "1 (python) R", "1 (python) R " + "0 " * 60):
        place = tmp_path / "stat"
        if told is not None:
            place.write_text(told)
        monkeypatch.setattr(own_process, "_STAT", place)
        own_process.hide(["a secret"])


FORBID = """
import ctypes, resource, sys
from copilot_api import own_process
own_process.forbid_dumps()
print(resource.getrlimit(resource.RLIMIT_CORE)[0])
if sys.platform == "linux":
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # PR_GET_DUMPABLE, which also says who may look into it
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is nothing to forbid")
def test_dumps_are_forbidden() -> None:
    command = ["/bin/sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", sys.executable, "-c", FORBID]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == ("0\n0\n" if sys.platform == "linux" else "0\n")
