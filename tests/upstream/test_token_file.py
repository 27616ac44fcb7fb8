import os
import stat
from pathlib import Path

import pytest

from copilot_api.errors import KeyringUnusable
from copilot_api.upstream.token_file import FileVault

TOKEN = "ghu_CANARYcanaryCANARYcanaryCANARYcanary"


@pytest.fixture
def vault(tmp_path: Path) -> FileVault:
    return FileVault.of(tmp_path / "data" / "grants", "github.com")


def test_what_is_written_is_read_back_by_another(vault: FileVault) -> None:
    assert vault.read() is None
    vault.write(TOKEN)
    assert FileVault(vault.path).read() == TOKEN
    vault.write("ghu_second")
    assert vault.read() == "ghu_second"


def test_only_the_person_may_read_file_and_folder(vault: FileVault) -> None:
    vault.path.parent.mkdir(parents=True, mode=0o755)
    vault.write(TOKEN)
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(vault.path.parent.stat().st_mode) == 0o700


def test_nothing_but_the_token_is_left_behind(vault: FileVault) -> None:
    vault.write(TOKEN)
    vault.write(TOKEN)
    assert [path.name for path in vault.path.parent.iterdir()] == ["github.com"]


def test_a_write_that_fails_keeps_the_old_token_and_leaves_no_part(vault: FileVault) -> None:
    vault.write(TOKEN)
    with pytest.raises(UnicodeEncodeError):
        vault.write("ghu_\ud800")
    assert vault.read() == TOKEN
    assert [path.name for path in vault.path.parent.iterdir()] == ["github.com"]


def test_a_file_that_others_can_read_is_refused(vault: FileVault) -> None:
    vault.write(TOKEN)
    vault.path.chmod(0o644)
    with pytest.raises(KeyringUnusable, match="can be read by other users") as caught:
        vault.read()
    assert f"chmod 600 {vault.path}" in caught.value.hint
    assert TOKEN not in caught.value.text


def test_a_link_is_refused_and_writing_replaces_it(vault: FileVault, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(TOKEN)
    elsewhere.chmod(0o600)
    vault.path.parent.mkdir(parents=True)
    vault.path.symlink_to(elsewhere)
    with pytest.raises(KeyringUnusable, match="is not a plain file"):
        vault.read()
    vault.write("ghu_second")
    assert (vault.read(), elsewhere.read_text()) == ("ghu_second", TOKEN)


def test_a_pipe_is_refused_without_waiting_for_it(vault: FileVault) -> None:
    vault.path.parent.mkdir(parents=True)
    os.mkfifo(vault.path, 0o600)
    with pytest.raises(KeyringUnusable, match="is not a plain file"):
        vault.read()


def test_a_linked_folder_is_refused(vault: FileVault, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "other").mkdir()
    vault.path.parent.symlink_to(tmp_path / "other")
    with pytest.raises(KeyringUnusable, match="is a link"):
        vault.write(TOKEN)
    assert list((tmp_path / "other").iterdir()) == []


def test_a_file_of_another_user_is_refused(vault: FileVault) -> None:
    vault.write(TOKEN)
    other = FileVault(Path("/proc/1/comm"))  # a plain file of root's
    if os.geteuid() == 0:
        os.chown(vault.path, 65534, 65534)
        other = vault
    with pytest.raises(KeyringUnusable, match="belongs to another user"):
        other.read()


def test_a_file_that_is_no_text_is_named(vault: FileVault) -> None:
    vault.write(TOKEN)
    vault.path.write_bytes(b"\xff\xfe")
    with pytest.raises(KeyringUnusable, match="cannot be read"):
        vault.read()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(KeyringUnusable, match="cannot be written"):
        FileVault.of(tmp_path / "data" / "grants", "github.com").write(TOKEN)


def test_an_empty_file_holds_no_token(vault: FileVault) -> None:
    vault.write("")
    assert vault.read() is None


def test_erasing_says_whether_there_was_one(vault: FileVault) -> None:
    vault.write(TOKEN)
    assert (vault.erase(), vault.erase(), vault.read()) == (True, False, None)


def test_what_cannot_be_erased_is_named(vault: FileVault) -> None:
    vault.path.mkdir(parents=True)
    with pytest.raises(KeyringUnusable, match="cannot be removed"):
        vault.erase()


def test_a_labs_host_makes_a_plain_file_name(tmp_path: Path) -> None:
    assert FileVault.of(tmp_path, "127.0.0.1:4999").path == tmp_path / "127.0.0.1_4999"
