"""The log is shown from its end, over the file that was put aside, and followed."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop.keeper import log_file
from copilot_api.desktop.keeper.log_file import tail
from copilot_api.errors import SystemRefused


def test_the_last_lines_are_shown_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("1\n2\n3\n", "utf-8")
    assert list(tail(path, 2, follow=False)) == ["2", "3"]
    assert list(tail(path, 20, follow=False)) == ["1", "2", "3"]
    assert list(tail(path, 0, follow=False)) == []


def test_what_was_put_aside_is_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.with_name("a.log.1").write_text("1\n2\n", "utf-8")
    path.write_text("3\n", "utf-8")
    assert list(tail(path, 2, follow=False)) == ["2", "3"]


def test_what_comes_later_is_shown_by_whole_lines_over_a_new_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOOKS_EACH_S", 0.01)
    path = tmp_path / "a.log"
    path.write_text("one\n", "utf-8")
    lines = tail(path, 10, follow=True)
    assert next(lines) == "one"
    path.write_text("one\ntwo\nhal", "utf-8")
    assert next(lines) == "two"
    path.write_text("one\ntwo\nhalf\n", "utf-8")
    assert next(lines) == "half"
    path.rename(tmp_path / "a.log.1")
    path.write_text("new\n", "utf-8")
    assert next(lines) == "new"


def test_no_log_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemRefused, match="there is no log yet at ") as none:
        list(tail(tmp_path / "a.log", 1, follow=False))
    assert none.value.hint == "copilot-api service status says whether it starts at login"


if sys.platform != "win32":

    def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
        (tmp_path / "a.log").mkdir()
        with pytest.raises(SystemRefused, match="cannot be read: "):
            list(tail(tmp_path / "a.log", 1, follow=False))
