"""What a server asks of the system for itself: enough files for its clients."""

import subprocess
import sys

import pytest

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
