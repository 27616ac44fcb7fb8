"""What a server gives back once it has started, and while it works: it will run for weeks, and start only once."""

import asyncio
import ctypes
import gc
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

TRIM_S = 15.0
"""How often a server that works gives back what it does not need; it takes a millisecond."""

COLLECTED_AT = (2000, 10, 10)
"""For `gc.set_threshold`: what Python itself does since 3.13."""

_DONTNEED = 4
"""MADV_DONTNEED of Linux: pages that hold what their file holds are read from it again when they are touched."""

_MAPS = Path("/proc/self/smaps")
_MAPPING = re.compile(r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<permissions>\S{4}) \S+ \S+ \S+ *(?P<path>.*)")


def settle() -> None:
    """Leaves what is there after the start out of every later collection, and returns memory that only the start needed.

    From then on garbage is looked for as usual, which `__main__` had put off.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_AT)
    trim()
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        with suppress(OSError):  # not every container has a /proc, and nothing depends on this
            for start, size in _as_in_their_files():
                libc.madvise(start, size, _DONTNEED)


def trim() -> None:
    """Gives back what is free in the middle of the heap, for which glibc waits until all that lies above is free, too.

    Streams come and go, with buffers of all sizes. After an hour of them, more than half of the heap was free, and kept.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # musl has none
            libc.malloc_trim(0)


async def keep_trimmed(sleep: Callable[[float], Awaitable[None]], worked: Callable[[], int]) -> None:
    """The body of a background task: trims now and then while there is work, which leaves memory behind. `worked` counts it."""
    seen = 0
    while True:
        await sleep(TRIM_S)
        if worked() != seen:
            seen = worked()
            await asyncio.to_thread(trim)


def _as_in_their_files() -> Iterator[tuple[int, int]]:
    """Address and size of what is in memory as it is in a file: code, and what the start made its objects of.

    Parts in which the loader has written (`Anonymous` of proc(5)) must stay: their file knows nothing of that.
    """
    place: tuple[int, int] | None = None
    for line in _MAPS.read_text("utf-8").splitlines():
        if found := _MAPPING.match(line):
            is_a_file = found["path"].startswith("/") and found["permissions"] in {"r--p", "r-xp"}
            place = (int(found["start"], 16), int(found["end"], 16)) if is_a_file else None
        elif place and line.split() == ["Anonymous:", "0", "kB"]:
            yield place[0], place[1] - place[0]
