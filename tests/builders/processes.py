"""The processes of a running program, as the system sees them (Linux)."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from tests.builders.program import Program

SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


def _parent(process: int) -> int:
    """The process that started it; 0 when it is gone or only waits to be noticed."""
    with suppress(OSError):
        state, parent = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(") ")[2].split()[:2]
        return 0 if state in "ZX" else int(parent)
    return 0


def family(process: int) -> list[int]:
    """The process and all that it started and they started, the youngest last."""
    everyone = {int(path.name): _parent(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found = [process]
    for member in found:
        found += sorted(child for child, parent in everyone.items() if parent == member)
    return found


def _there(processes: list[int]) -> list[int]:
    return [process for process in processes if Path(f"/proc/{process}").exists()]


async def all_gone(processes: list[int], *, within_s: float = 5.0) -> None:
    """Returns when none of them is left, not even as a zombie; fails when one stays."""
    ends = time.monotonic() + within_s
    while left := _there(processes):
        assert time.monotonic() < ends, f"still there: {left}"
        await asyncio.sleep(0.02)


def apart(program: Program, *mounts: str) -> Program:
    """The program in a mount namespace of its own, in which those shell commands have been run first (root only)."""
    script = "; ".join(["set -e", f"PATH={SYSTEM}", *mounts, f"PATH={program.environ['PATH']}", 'exec "$@"'])
    first = ("/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh")
    return Program(program.home, (*first, *program.starts), program.environ)
