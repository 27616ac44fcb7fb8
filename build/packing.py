"""Packs the files of the one file, each by itself: as tightly as zstd can, on all cores, and everywhere in the same way."""

import io
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from zstandard import ZstdCompressionParameters, ZstdCompressor

LEVEL = 22
PART, REACH = 8 * 2**20, 7
"""A file longer than this many bytes is packed in parts of that length, side by side, each of which looks back at half of the
one before (zstd's measure of that: 9 would be all of it). It costs 3 bytes in a thousand and halves the time."""

MARK = f"{LEVEL}, {PART}, {REACH}"
"""Another for each way of packing."""


def packed(data: bytes) -> bytes:
    """The data as one frame of zstd. What comes out does not depend on the number of cores."""
    side_by_side = {"window_log": PART.bit_length() - 1, "job_size": PART, "overlap_log": REACH, "threads": os.cpu_count() or 1}
    found = ZstdCompressionParameters.from_level(LEVEL, source_size=len(data), **(side_by_side if len(data) > PART else {}))
    frame = io.BytesIO()
    with ZstdCompressor(compression_params=found).stream_writer(frame, size=len(data), closefd=False) as writer:
        writer.write(data)
    return frame.getvalue()


def pack(files: Iterable[tuple[Path, Path]]) -> None:
    """Packs each first into the second, the longest first."""
    longest_first = sorted(files, key=lambda pair: pair[0].stat().st_size, reverse=True)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for _ in threads.map(lambda pair: pair[1].write_bytes(packed(pair[0].read_bytes())), longest_first):
            pass
