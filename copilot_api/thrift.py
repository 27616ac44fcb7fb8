"""What a server gives back once it has started: it will run for weeks, and start only once."""

import ctypes
import gc
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_DONTNEED = 4
"""MADV_DONTNEED of Linux: pages that hold what their file holds are read from it again when they are touched."""

_MAPPING = re.compile(r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<permissions>\S{4}) \S+ \S+ \S+ *(?P<path>.*)")


def settle() -> None:
    """Leaves what is there after the start out of every later collection, and returns memory that only the start needed."""
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)
        libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, size in _constants():
            libc.madvise(start, size, _DONTNEED)


def _constants() -> Iterator[tuple[int, int]]:
    """Address and size of the parts of the program's file that are as they are in it: code, and what its start made objects of.

    Parts in which the loader has written (`Anonymous` of proc(5)) must stay: the file knows nothing of that.
    """
    program = str(Path("/proc/self/exe").readlink())
    place: tuple[int, int] | None = None
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if found := _MAPPING.match(line):
            is_ours = found["path"] == program and found["permissions"] in {"r--p", "r-xp"}
            place = (int(found["start"], 16), int(found["end"], 16)) if is_ours else None
        elif place and line.split() == ["Anonymous:", "0", "kB"]:
            yield place[0], place[1] - place[0]
