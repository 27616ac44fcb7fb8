"""Files that systems read are seen old or new, and a folder that may not be written is told."""

import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.written import put, remove
from copilot_api.errors import SystemRefused


def test_a_file_comes_with_its_folder_is_replaced_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "entry"
    put(path, b"one")
    put(path, b"two")
    assert path.read_bytes() == b"two"
    assert [found.name for found in path.parent.iterdir()] == ["entry"]
    assert remove(path) is True
    assert remove(path) is False


def test_what_cannot_be_written_or_removed_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemRefused, match=r"file.entry cannot be written: "):
        put(tmp_path / "file" / "entry", b"one")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(SystemRefused, match="folder cannot be removed: "):
        remove(tmp_path / "folder")


if sys.platform != "win32":

    def test_a_link_is_replaced_and_what_it_led_to_left_alone(tmp_path: Path) -> None:
        (tmp_path / "mine").write_text("mine", "utf-8")
        (tmp_path / "entry").symlink_to("mine")
        put(tmp_path / "entry", b"ours")
        assert (tmp_path / "mine").read_text("utf-8") == "mine"
        assert not (tmp_path / "entry").is_symlink()
