"""Old versions go, but nothing that somebody may need: no version that runs or was started lately, and nothing of others."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from copilot_api.leftovers import KEPT_S, MARK, held, sweep

LONG_AGO = time.time() - 2 * KEPT_S


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "copilot-api"


@pytest.fixture
def own(cache: Path) -> Path:
    return version(cache, "2.0.0-abc")


def version(cache: Path, name: str, *, started: float | None = LONG_AGO) -> Path:
    """An unpacked version; `started` is when it was, or None for one that left no mark."""
    folder = cache / name
    (folder / "copilot_api" / "tokens").mkdir(parents=True)
    if started is not None:
        (folder / MARK).touch()
        os.utime(folder / MARK, (started, started))
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


@pytest.mark.parametrize("started", [LONG_AGO, None], ids=["marked", "unmarked"])
def test_an_old_version_goes(cache: Path, own: Path, started: float | None) -> None:
    old = version(cache, "1.0.0-abc", started=started)
    assert sweep(own) == [old]
    assert list(cache.iterdir()) == [own]


def test_a_version_that_was_started_lately_stays(cache: Path, own: Path) -> None:
    version(cache, "1.9.0-abc", started=time.time() - KEPT_S / 2)
    assert sweep(own) == []


def test_a_version_that_runs_stays_for_as_long_as_it_does(cache: Path, own: Path) -> None:
    old = version(cache, "1.0.0-abc")
    with held(old), held(old):
        os.utime(old / MARK, (LONG_AGO, LONG_AGO))
        assert sweep(own) == ([] if os.name == "posix" else [old])
    os.utime(old / MARK, (LONG_AGO, LONG_AGO))
    assert old.exists()
    assert sweep(own) == [old]


def test_holding_a_version_says_that_it_was_started(own: Path) -> None:
    with held(own):
        assert time.time() - (own / MARK).stat().st_mtime < 60


def test_what_is_not_ours_stays(cache: Path, own: Path) -> None:
    other = cache / "notes"
    other.mkdir()
    file = cache / "file"
    file.touch()
    link = cache / "link"
    elsewhere = version(cache.parent / "elsewhere", "1.0.0-abc")
    link.symlink_to(elsewhere)
    for path in (other, file):
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert sweep(own) == []
    assert {*cache.iterdir()} == {own, other, file, link}
    assert elsewhere.exists()


def test_what_an_interrupted_sweep_left_goes(cache: Path, own: Path) -> None:
    half = cache / "1.0.0-abc.removed"
    half.mkdir()
    assert sweep(own) == [half]
    assert not half.exists()


def test_a_folder_that_cannot_be_moved_stays(cache: Path, own: Path) -> None:
    old = version(cache, "1.0.0-abc")
    version(cache, "1.0.0-abc.removed/1").parent.joinpath("2").touch()
    blocked = old.with_name("1.0.0-abc.removed")
    assert sweep(own) == [blocked]  # in the order of names the way is free only the next time
    assert old.exists()
    assert sweep(own) == [old]


def test_two_sweeps_at_once_do_no_harm(cache: Path, own: Path) -> None:
    for number in range(20):
        version(cache, f"1.0.{number}-abc")
    with ThreadPoolExecutor(2) as pool:
        gone = list(pool.map(sweep, [own, own]))
    assert len(gone[0]) + len(gone[1]) >= 20
    assert list(cache.iterdir()) == [own]


def test_a_cache_that_is_gone_or_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    assert sweep(tmp_path / "gone" / "2.0.0") == []
    with held(tmp_path / "gone"):
        assert not (tmp_path / "gone").exists()
