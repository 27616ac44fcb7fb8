"""Files of one's own stay that: no link is followed, nothing of others is believed, no half of one is ever seen."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from copilot_api.errors import FileUnsafe
from copilot_api.private_files import MOST_BYTES, PrivateFile

SECRET = b"a secret"


@pytest.fixture
def file(tmp_path: Path) -> PrivateFile:
    return PrivateFile(tmp_path / "data" / "keys" / "keys.json")


def names(file: PrivateFile) -> list[str]:
    return sorted(path.name for path in file.path.parent.iterdir())


def test_what_is_written_is_read_back_and_nothing_else_is_left(file: PrivateFile) -> None:
    assert file.read() is None
    file.write(SECRET)
    file.write(b"another")
    assert (PrivateFile(file.path).read(), names(file)) == (b"another", ["keys.json"])


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_only_the_person_may_read_it_whatever_the_umask(file: PrivateFile, mask: int) -> None:
    before = os.umask(mask)
    try:
        file.path.parent.parent.mkdir(mode=0o777)
        file.path.parent.parent.chmod(0o755)
        file.write(SECRET)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE(file.path.parent.stat().st_mode) & 0o077 == 0
    assert file.read() == SECRET


def test_a_folder_that_others_could_enter_is_closed(file: PrivateFile, caplog: pytest.LogCaptureFixture) -> None:
    file.write(SECRET)
    file.path.parent.chmod(0o755)
    assert file.read() == SECRET
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert caplog.text == ""
    file.path.parent.chmod(0o777)
    assert file.read() == SECRET
    assert "could be written by other users" in caplog.text


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_that_others_can_read_or_write_is_not_believed(file: PrivateFile, mode: int) -> None:
    file.write(SECRET)
    file.path.chmod(mode)
    with pytest.raises(FileUnsafe, match="can be read by other users") as caught:
        file.read()
    assert f"chmod 600 {file.path}" in caught.value.hint
    assert SECRET.decode() not in caught.value.text


def test_a_link_is_not_followed_and_writing_replaces_it(file: PrivateFile, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(SECRET)
    elsewhere.chmod(0o600)
    file.path.parent.mkdir(parents=True)
    file.path.symlink_to(elsewhere)
    with pytest.raises(FileUnsafe, match="is not a plain file"):
        file.read()
    file.write(b"new")
    assert (file.read(), elsewhere.read_bytes()) == (b"new", SECRET)


@pytest.mark.parametrize("act", [lambda f: f.read(), lambda f: f.write(SECRET), lambda f: f.erase()], ids=["r", "w", "e"])
def test_a_linked_folder_is_not_entered(file: PrivateFile, tmp_path: Path, act: object) -> None:
    assert callable(act)
    other = PrivateFile(tmp_path / "other" / "keys.json")
    other.write(SECRET)
    file.path.parent.parent.mkdir()
    file.path.parent.symlink_to(other.path.parent)
    with pytest.raises(FileUnsafe, match="is a link"):
        act(file)
    assert (other.read(), names(other)) == (SECRET, ["keys.json"])


def test_a_pipe_is_not_waited_for(file: PrivateFile) -> None:
    file.path.parent.mkdir(parents=True)
    os.mkfifo(file.path, 0o600)
    with pytest.raises(FileUnsafe, match="is not a plain file"):
        file.read()


def test_a_file_of_any_size_is_not_read(file: PrivateFile) -> None:
    file.write(b"x" * (MOST_BYTES + 1))
    with pytest.raises(FileUnsafe, match="larger than any file of ours"):
        file.read()


@pytest.mark.usefixtures("as_root")
def test_what_belongs_to_another_user_is_not_believed(file: PrivateFile) -> None:
    file.write(SECRET)
    os.chown(file.path, 65534, 65534)
    with pytest.raises(FileUnsafe, match=r"keys\.json belongs to another user"):
        file.read()
    os.chown(file.path.parent, 65534, 65534)
    for act in (file.read, file.erase, lambda: file.write(SECRET)):
        with pytest.raises(FileUnsafe, match="keys belongs to another user"):
            act()


def test_a_place_that_cannot_be_used_is_named(file: PrivateFile) -> None:
    file.path.parent.parent.write_text("a file where a folder should be")
    with pytest.raises(FileUnsafe, match="cannot be written"):
        file.write(SECRET)
    with pytest.raises(FileUnsafe, match="cannot be read"):
        file.read()
    with pytest.raises(FileUnsafe, match="cannot be used"), file.held():
        pytest.fail("it was held")


def test_a_write_that_fails_keeps_the_old_and_leaves_no_part(file: PrivateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write(SECRET)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileUnsafe, match="No space left"):
        file.write(b"new")
    assert (file.read(), names(file)) == (SECRET, ["keys.json"])


def test_the_disk_is_waited_for_unless_it_need_not_be(file: PrivateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    file.write(SECRET)
    assert waited
    waited.clear()
    file.write(b"another", durably=False)
    assert (waited, file.read(), names(file)) == ([], b"another", ["keys.json"])


def test_erasing_says_whether_there_was_one(file: PrivateFile) -> None:
    assert file.erase() is False
    file.write(SECRET)
    assert (file.erase(), file.erase(), file.read()) == (True, False, None)
    file.path.mkdir()
    with pytest.raises(FileUnsafe, match="cannot be removed"):
        file.erase()


def test_every_change_has_another_stamp(file: PrivateFile) -> None:
    stamps = [file.stamp()]
    for data in (b"one", b"two", b"two"):
        file.write(data)
        stamps.append(file.stamp())
    file.erase()
    assert stamps[0] is file.stamp() is None
    assert len(set(stamps)) == 4


def test_a_reader_never_sees_a_part(file: PrivateFile) -> None:
    whole = [bytes([letter]) * 65536 for letter in b"ab"]
    file.write(whole[0])
    is_over = threading.Event()

    def write() -> None:
        for turn in range(200):
            file.write(whole[turn % 2])
        is_over.set()

    writing = threading.Thread(target=write)
    writing.start()
    while not is_over.is_set():
        assert file.read() in whole
    writing.join()


COUNT_UP = """
import sys
from pathlib import Path
from copilot_api.private_files import PrivateFile

file = PrivateFile(Path(sys.argv[1]))
for _ in range(50):
    with file.held():
        file.write(str(int(file.read() or b"0") + 1).encode())
"""


def test_changes_at_once_lose_none(file: PrivateFile) -> None:
    command = [sys.executable, "-c", COUNT_UP, str(file.path)]
    counting = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(30) for process in counting] == [0, 0, 0]
    assert file.read() == b"150"


def test_a_claim_is_one_processs_alone_and_nobody_waits_for_it(tmp_path: Path) -> None:
    file = PrivateFile(tmp_path / "folder" / "file")
    with file.claimed() as is_ours:
        assert is_ours
        with PrivateFile(file.path).claimed() as is_theirs:  # opened for itself, as another process would
            assert not is_theirs
    with PrivateFile(file.path).claimed() as is_theirs:
        assert is_theirs
