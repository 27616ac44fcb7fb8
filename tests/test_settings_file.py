"""One value of the person's settings file is changed, and not a byte besides."""

import os
import stat
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api import settings
from copilot_api.errors import FileUnsafe, SettingsBroken
from copilot_api.settings_file import Value, edited, put

FULL = """# My settings.

port = 4200          # the other one is taken
account_type='business'
rate_limit = 2

betas = [
    "a",  # account_type = "x"
    "b",
]

# Names of my own.
[aliases]
fast = "gpt-4.1"
account_type = "claude-opus-4.5"
"""


@pytest.mark.parametrize(
    ("before", "name", "value", "after"),
    [
        ("", "notifications", False, "notifications = false\n"),
        ("port = 1\n", "notifications", False, "port = 1\nnotifications = false\n"),
        ("port = 1", "notifications", False, "port = 1\nnotifications = false\n"),
        ("# only a comment", "notifications", True, "# only a comment\nnotifications = true\n"),
        ("port = 1\r\n", "notifications", False, "port = 1\r\nnotifications = false\r\n"),
        ("notifications = true\n", "notifications", False, "notifications = false\n"),
        ("  notifications=true# why\n", "notifications", False, "  notifications=false# why\n"),
        ("notifications = true\r\nport = 1\r\n", "notifications", False, "notifications = false\r\nport = 1\r\n"),
        ('"account-type" = "x"\n', "account_type", "y", '"account-type" = "y"\n'),
        ("account-type = 'x' # 'q'\n", "account_type", "y", "account-type = \"y\" # 'q'\n"),
        ('account_type = "a # \\" b" # c\n', "account_type", "y", 'account_type = "y" # c\n'),
        ("rate_limit = 2\n", "rate_limit", 0.5, "rate_limit = 0.5\n"),
        ("port = 4_200\n", "port", 4300, "port = 4300\n"),
        ("[aliases]\na = 'b'\n", "notifications", False, "notifications = false\n\n[aliases]\na = 'b'\n"),
        (
            "# mine\n\n[aliases]\na = 'b'\n",
            "notifications",
            False,
            "# mine\nnotifications = false\n\n[aliases]\na = 'b'\n",
        ),
        (
            "port = 1\n\n\n# names\n[aliases]\na = 'b'\n",
            "notifications",
            False,
            "port = 1\nnotifications = false\n\n\n# names\n[aliases]\na = 'b'\n",
        ),
        (
            "port = 1\n# names\n[aliases]\na = 'b'\n",
            "notifications",
            False,
            "port = 1\nnotifications = false\n\n# names\n[aliases]\na = 'b'\n",
        ),
        ('account_type = "x"\n', "account_type", 'a"\\\n\tö', 'account_type = "a\\"\\\\\\n\\tö"\n'),
    ],
)
def test_only_the_value_becomes_another(before: str, name: str, value: Value, after: str) -> None:
    assert edited(before, name, value) == after


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("account_type", "enterprise", 'account_type="enterprise"'),
        ("port", 4300, "port = 4300          # the other one is taken"),
        ("rate_limit", 1.5, "rate_limit = 1.5"),
    ],
)
def test_tables_lists_and_comments_are_not_mistaken_for_it(name: str, value: Value, line: str) -> None:
    after = edited(FULL, name, value)
    changed = [(old, new) for old, new in zip(FULL.splitlines(), after.splitlines(), strict=True) if old != new]
    assert [new for _, new in changed] == [line]


def test_a_new_line_goes_above_the_tables() -> None:
    after = edited(FULL, "notifications", value=False)
    assert after.replace("notifications = false\n", "") == FULL
    assert after.index("]\nnotifications = false\n\n# Names of my own.\n[aliases]") > 0


def test_what_is_so_already_stays_as_it_is() -> None:
    for text in ("notifications = true\n", "notifications\t=\ttrue", "notifications = true # yes\r\n"):
        assert edited(text, "notifications", value=True) == text


@pytest.mark.parametrize(
    "text",
    [
        'account_type = """x"""\n',
        'account_type = """\nx"""\n',
        '"account\\u005ftype" = "x"\n',
        "account_type = 'x'\naccount-type = 'x'\n",
        "account_type = { a = 'x' }\n",
        "account_type.a = 'x'\n",
        "[account_type]\na = 'x'\n",
        "account_type = [\n 'x',\n]\n",
    ],
)
def test_what_cannot_be_changed_for_certain_is_left_to_the_person(text: str) -> None:
    with pytest.raises(SettingsBroken, match="only you should change") as caught:
        edited(text, "account_type", "y")
    assert 'write account_type = "y" there' in caught.value.hint


def test_a_multi_line_text_that_looks_like_settings_is_none() -> None:
    text = 'enterprise_url = """\nnotifications = true\n[x]\n"""\n\n[aliases]\n'
    assert edited(text, "notifications", value=False) == text.replace("\n\n[al", "\nnotifications = false\n\n[al")


def test_a_broken_file_is_not_made_worse() -> None:
    with pytest.raises(SettingsBroken, match="not valid TOML"):
        edited("port = \n", "port", 1)


LINES = st.sampled_from(
    [
        "",
        "# a comment",
        "port = 1",
        "  verbose = true  # why",
        "notifications = true",
        "betas = [",
        '  "notifications = true",',
        "]",
        "[aliases]",
        "notifications = 'x'",
        'a = "b"',
        "[[odd]]",
        'client_id = """',
        '"""',
        "notifications=false#x",
    ]
)


@given(lines=st.lists(LINES, max_size=12), end=st.sampled_from(["\n", "\r\n"]), value=st.booleans())
def test_whatever_the_file_looks_like_nothing_else_is_lost(lines: list[str], end: str, value: bool) -> None:
    text = end.join(lines)
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    try:
        after = edited(text, "notifications", value)
    except SettingsBroken:
        assert not isinstance(before.get("notifications"), bool)
        return
    assert tomllib.loads(after) == before | {"notifications": value}
    kept = [line for line in text.splitlines() if "notifications" not in line and line.strip()]
    assert [line for line in after.splitlines() if line in kept] == kept


# On the disk


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "config.toml"
    assert put("notifications", value=False, path=path) == path
    assert settings.load(environ={}, path=path).notifications is False
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


def test_the_file_that_is_loaded_is_the_one_that_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(FULL, "utf-8")
    monkeypatch.setenv("COPILOT_API_CONFIG", str(path))
    assert put("serve_on_launch", value=False) == path
    assert settings.load(environ={"COPILOT_API_CONFIG": str(path)}).serve_on_launch is False


def test_its_bytes_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"port = 1\r\n# \xc3\xb6\xe2\x80\xa8\r\n")
    put("notifications", value=False, path=path)
    assert path.read_bytes() == b"port = 1\r\n# \xc3\xb6\xe2\x80\xa8\r\nnotifications = false\r\n"


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("notifications = false\n", "utf-8")
    before = path.stat()
    put("notifications", value=False, path=path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(("name", "value"), [("port", 99999), ("port", True), ("notifications", 1), ("token_store", "drawer")])
def test_a_value_that_cannot_be_is_refused(tmp_path: Path, name: str, value: Value) -> None:
    path = tmp_path / "config.toml"
    with pytest.raises(SettingsBroken, match=f"{name} must be"):
        put(name, value, path=path)
    assert not path.exists()


def test_a_text_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsBroken):
        put("account_type", "\ud800", path=tmp_path / "config.toml")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsBroken, match="cannot be read"):
        put("notifications", value=False, path=path)
    assert path.read_bytes() == b"\xff\xfe"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(FileUnsafe, match="not a plain file"):
        put("notifications", value=False, path=tmp_path / "config.toml")
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(SettingsBroken, match="cannot be used"):
        put("notifications", value=False, path=tmp_path / "file" / "config.toml")


def test_what_somebody_else_writes_meanwhile_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text("port = 1\n", "utf-8")
    sync = os.fsync

    def slow(handle: int) -> None:
        path.write_text("port = 2\n", "utf-8")
        sync(handle)

    monkeypatch.setattr(os, "fsync", slow)
    with pytest.raises(SettingsBroken, match="changed by somebody else"):
        put("notifications", value=False, path=path)
    assert path.read_text("utf-8") == "port = 2\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]


def test_a_full_disk_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text("port = 1\n", "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsBroken, match="No space left"):
        put("notifications", value=False, path=path)
    assert path.read_text("utf-8") == "port = 1\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["config.toml"]


if sys.platform != "win32":

    def test_who_may_read_it_stays_as_it_was(tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        put("notifications", value=False, path=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o640)
        put("notifications", value=True, path=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_a_link_into_the_persons_dotfiles_stays_one(tmp_path: Path) -> None:
        (tmp_path / "dotfiles").mkdir()
        real = tmp_path / "dotfiles" / "copilot.toml"
        real.write_text("port = 1\n", "utf-8")
        path = tmp_path / "config.toml"
        path.symlink_to(real)
        put("notifications", value=False, path=path)
        assert path.is_symlink()
        assert real.read_text("utf-8") == "port = 1\nnotifications = false\n"

    def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.symlink_to(path)
        with pytest.raises(SettingsBroken, match="cannot be used"):
            put("notifications", value=False, path=path)

    @pytest.mark.usefixtures("as_root")
    @pytest.mark.parametrize("theirs", ["file", "folder"])
    def test_a_link_to_what_is_not_the_persons_is_refused(tmp_path: Path, theirs: str) -> None:
        folder = tmp_path / "store"
        folder.mkdir()
        real = folder / "config.toml"
        real.write_text("port = 1\n", "utf-8")
        os.chown(real if theirs == "file" else folder, 65534, 65534)
        path = tmp_path / "config.toml"
        path.symlink_to(real)
        with pytest.raises(FileUnsafe, match="which is not yours"):
            put("notifications", value=False, path=path)
        assert real.read_text("utf-8") == "port = 1\n"
