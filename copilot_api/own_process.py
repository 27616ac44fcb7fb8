"""What a server asks of the system for its own process: enough files, and that nobody looks into it for secrets."""

import ctypes
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_SET_DUMPABLE = 4
"""PR_SET_DUMPABLE of prctl(2)."""

_STAT = Path("/proc/self/stat")
_ARGUMENTS_AT, _ENVIRONMENT_AT = 45, 47
"""Where proc(5) tells of the start and end of both, counted from what follows the name of the program."""


if sys.platform == "win32":

    def raise_descriptors(_wanted: int) -> int | None:
        """There is no such limit."""
        return None

    def descriptors() -> int | None:
        """There is no such limit."""
        return None

    def forbid_dumps() -> None:
        """Windows keeps no dumps of programs unless its owner sets that up."""

else:
    import resource

    def raise_descriptors(wanted: int) -> int | None:
        """Lets this process open that many files, or as many as it may; how many it may by now."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        within = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < within:
            with suppress(OSError, ValueError):  # macOS has a second limit, which it does not tell beforehand
                resource.setrlimit(resource.RLIMIT_NOFILE, (within, hard))
        return descriptors()

    def descriptors() -> int | None:
        """How many files this process may open; None where there is no limit."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return None if soft == resource.RLIM_INFINITY else soft

    def forbid_dumps() -> None:
        """Keeps the memory of this process, and so the tokens in it, out of core dumps.

        On Linux also from other programs of the same user, and where the system pipes dumps to a program, whatever their limit.
        """
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
        if sys.platform == "linux":
            with suppress(OSError, AttributeError):
                ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def hide(secrets: Iterable[str]) -> None:
    """Blots these out of the arguments and the environment that `ps` and /proc show of this process (Linux).

    Only while they are of no use any more: the environment must have been read, and what is hidden removed from it.
    """
    wanted = [secret.encode() for secret in secrets if len(secret) >= 4]  # shorter ones would blot out more than themselves
    if sys.platform != "linux" or not wanted:
        return
    for start, end in _told_of_us():
        seen = ctypes.string_at(start, end - start)
        for secret in wanted:
            at = seen.find(secret)
            while at >= 0:
                ctypes.memset(start + at, ord("x"), len(secret))
                at = seen.find(secret, at + len(secret))


def _told_of_us() -> list[tuple[int, int]]:
    """Where the system reads our arguments and our environment; not everywhere is it told."""
    try:
        fields = _STAT.read_text("ascii", "replace").rpartition(")")[2].split()
        places = [(int(fields[at]), int(fields[at + 1])) for at in (_ARGUMENTS_AT, _ENVIRONMENT_AT)]
    except (OSError, ValueError, IndexError):
        return []
    return [(start, end) for start, end in places if 0 < start < end]
