"""The file that leads to a running server: for its person alone, and no obstacle once the server is gone."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copilot_api.errors import FileUnsafe
from copilot_api.server.run_file import Run, RunFile, is_gone, runs

RUN = Run(
    pid=os.getpid(),
    port=4141,
    url="http://127.0.0.1:4141",
    control="http://127.0.0.1:39999/control",
    secret="a-secret",
    version="1.0.0",
    form="source",
    since=1_790_000_000,
)


def gone() -> int:
    """A process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_what_is_written_is_found_and_taken_away(tmp_path: Path) -> None:
    file = RunFile(tmp_path / "run", RUN)
    file.write()
    assert list(runs([tmp_path / "run"])) == [RUN]
    assert list(runs([tmp_path / "run"], port=4141)) == [RUN]
    assert list(runs([tmp_path / "run"], port=4142)) == []
    file.remove()
    assert list((tmp_path / "run").iterdir()) == []
    file.remove()


def test_no_start_waits_for_a_busy_disk_and_what_a_power_cut_leaves_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(_handle: int) -> None:
        pytest.fail("the disk was waited for")

    monkeypatch.setattr(os, "fsync", stuck)
    file = RunFile(tmp_path / "run", RUN)
    file.write()
    assert list(runs([tmp_path / "run"])) == [RUN]
    (tmp_path / "run" / "4141.json").write_bytes(b"")
    assert list(runs([tmp_path / "run"])) == []
    file.write()
    assert list(runs([tmp_path / "run"])) == [RUN]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs", "utf-8")
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run" / "4141.json").symlink_to(elsewhere)
    RunFile(tmp_path / "run", RUN).write()
    assert elsewhere.read_text("utf-8") == "theirs"
    assert list(runs([tmp_path / "run"])) == [RUN]


def test_a_linked_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "theirs")
    with pytest.raises(FileUnsafe):
        RunFile(tmp_path / "run", RUN).write()
    assert list((tmp_path / "theirs").iterdir()) == []


def test_a_file_that_others_could_read_or_write_is_not_believed(tmp_path: Path) -> None:
    RunFile(tmp_path, RUN).write()
    (tmp_path / "4141.json").chmod(0o644)
    assert list(runs([tmp_path])) == []


@pytest.mark.usefixtures("as_root")
def test_a_file_of_another_users_is_not_believed(tmp_path: Path) -> None:
    RunFile(tmp_path, RUN).write()
    os.chown(tmp_path / "4141.json", 65534, 65534)
    assert list(runs([tmp_path])) == []


def test_a_server_takes_away_only_its_own(tmp_path: Path) -> None:
    first, second = RunFile(tmp_path, RUN), RunFile(tmp_path, replace(RUN, secret="another"))
    first.write()
    second.write()
    first.remove()
    assert [run.secret for run in runs([tmp_path])] == ["another"]


def test_what_killed_servers_left_is_swept_by_the_next_one(tmp_path: Path) -> None:
    RunFile(tmp_path, replace(RUN, port=4200, pid=gone())).write()
    RunFile(tmp_path, replace(RUN, port=4201)).write()
    (tmp_path / "4202.json").write_text("{}", "utf-8")
    (tmp_path / "4203.json").symlink_to(tmp_path / "4200.json")
    (tmp_path / "notes.json").write_text("the person's", "utf-8")
    RunFile(tmp_path, RUN).write()
    left = [f"{port}.json" for port in (4141, 4201, 4202, 4203)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*left, "notes.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"secret": ""},
        {"secret": "schlüssel"},
        {"pid": 0},
        {"pid": "x"},
        {"control": "http://example.com/control"},
        {"control": "https://127.0.0.1:1/control"},
        {"control": "http://[::1/control"},
        {"control": ""},
    ],
)
def test_a_file_that_leads_elsewhere_is_none(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "4141.json"
    RunFile(tmp_path, RUN).write()
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    assert list(runs([tmp_path])) == []


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_broken_file_is_none(tmp_path: Path, content: str) -> None:
    RunFile(tmp_path, RUN).write()
    (tmp_path / "4141.json").write_text(content, "utf-8")
    assert list(runs([tmp_path, tmp_path / "absent"])) == []


if sys.platform != "win32":  # there the profile folder is the guard, and nobody can be asked

    def test_nobody_else_can_read_it(tmp_path: Path) -> None:
        RunFile(tmp_path / "run", RUN).write()
        assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "run" / "4141.json").stat().st_mode) == 0o600
        assert "a-secret" not in repr(RUN)

    def test_whether_a_process_is_gone() -> None:
        assert not is_gone(os.getpid())
        assert not is_gone(1)
        assert not is_gone(0)
        assert is_gone(gone())
