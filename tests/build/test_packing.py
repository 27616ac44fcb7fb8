"""What is packed comes out as it was, and is the same wherever it was packed."""

import os
import random
from pathlib import Path

import pytest
from packing import PART, pack, packed
from zstandard import ZstdDecompressor, get_frame_parameters


def unpacked(frame: bytes) -> bytes:
    """All of it, by a library that knows nothing of how it was packed."""
    return ZstdDecompressor().decompress(frame)


def like_code(length: int) -> bytes:
    """Neither all alike nor all different."""
    chance = random.Random(7)
    words = [chance.randbytes(chance.randint(1, 12)) for _ in range(500)]
    return b"".join(chance.choice(words) for _ in range(length // 6))[:length]


@pytest.mark.parametrize("length", [0, 1, 70_000, PART, PART + 1, 3 * PART - 5])
def test_it_comes_out_as_it_was(length: int) -> None:
    data = like_code(length) if length <= 70_000 else bytes(length - 70_000) + like_code(70_000)
    assert unpacked(packed(data)) == data


def test_it_is_small() -> None:
    data = like_code(600_000)
    assert len(packed(data)) < len(data) / 3


def test_the_number_of_cores_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    data = like_code(200_000) * (PART // 200_000 + 2)
    frames = set()
    for cores in (1, 3, None):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        frames.add(packed(data))
    assert len(frames) == 1


def test_who_unpacks_a_long_file_needs_no_more_memory_than_a_part() -> None:
    assert get_frame_parameters(packed(like_code(200_000) * (PART // 200_000 + 2))).window_size == PART


def test_files_are_packed_each_by_itself(tmp_path: Path) -> None:
    texts = {name: name.encode() * 1000 * i for i, name in enumerate(["none", "one", "two", "three"])}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    pack((tmp_path / name, tmp_path / f"{name}.packed") for name in texts)
    assert {name: unpacked((tmp_path / f"{name}.packed").read_bytes()) for name in texts} == texts


def test_a_file_that_cannot_be_packed_is_told(tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"x")
    with pytest.raises(FileNotFoundError):
        pack([(tmp_path / "here", tmp_path / "nowhere" / "packed")])
