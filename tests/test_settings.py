"""Settings come from defaults, a file, the environment and flags, in that order; what cannot be used is named by its place."""

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from copilot_api import settings
from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings, load

NOWHERE = Path("/nonexistent/config.toml")


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return path


def test_without_anything_the_defaults_hold() -> None:
    assert load(environ={}, path=NOWHERE) == Settings()


def test_the_default_listens_on_loopback_only() -> None:
    """compat.md §2.1 ⚠: the original listened on all interfaces."""
    assert Settings().host == "127.0.0.1"


def test_a_flag_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    path = file(tmp_path, 'port = 1\nhost = "localhost"\nrate-limit = 3\n')
    environ = {"COPILOT_API_PORT": "2", "COPILOT_API_RATE_LIMIT": "4"}
    found = load({"port": 3, "host": None}, environ=environ, path=path)
    assert (found.port, found.host, found.rate_limit) == (3, "localhost", 4.0)
    assert found.origins == {"port": "flag", "host": str(path), "rate_limit": "COPILOT_API_RATE_LIMIT"}


def test_the_environment_names_another_file(tmp_path: Path) -> None:
    path = file(tmp_path, "port = 7\n")
    assert load(environ={"COPILOT_API_CONFIG": str(path)}).port == 7


def test_a_file_that_the_environment_names_must_exist() -> None:
    with pytest.raises(SettingsBroken, match=r"COPILOT_API_CONFIG names /nonexistent/config\.toml, which does not exist"):
        load(environ={"COPILOT_API_CONFIG": str(NOWHERE)})


def test_the_file_lies_in_the_platforms_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_config_path", lambda name, **_: tmp_path / name)
    (tmp_path / "copilot-api").mkdir()
    (tmp_path / "copilot-api" / "config.toml").write_text("port = 5\n", "utf-8")
    assert settings.config_path({}) == tmp_path / "copilot-api" / "config.toml"
    assert load(environ={}).port == 5


def test_our_own_variable_beats_the_official_ones() -> None:
    environ = {"GH_TOKEN": "gho_c", "COPILOT_GITHUB_TOKEN": "gho_b", "COPILOT_API_GITHUB_TOKEN": "gho_a"}
    assert load(environ=environ, path=NOWHERE).github_token == "gho_a"
    del environ["COPILOT_API_GITHUB_TOKEN"]
    assert load(environ=environ, path=NOWHERE).github_token == "gho_b"


def test_an_empty_variable_counts_as_unset() -> None:
    assert load(environ={"COPILOT_API_PORT": "", "GH_TOKEN": ""}, path=NOWHERE) == Settings()


@pytest.mark.parametrize(("word", "value"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False)])
def test_booleans_from_the_environment(word: str, value: bool) -> None:
    assert load(environ={"COPILOT_API_MANUAL": word}, path=NOWHERE).manual is value


def test_lists_and_tables_from_the_environment() -> None:
    environ = {"COPILOT_API_API_KEYS": "one, two,", "COPILOT_API_ALIASES": "fast = gpt-4.1,best=claude-opus-4.5"}
    found = load(environ=environ, path=NOWHERE)
    assert found.api_keys == ("one", "two")
    assert found.aliases == {"fast": "gpt-4.1", "best": "claude-opus-4.5"}


def test_lists_and_tables_from_the_file(tmp_path: Path) -> None:
    path = file(tmp_path, 'allowed_hosts = ["a", "b"]\ncors-origins = "https://c"\n[aliases]\nfast = "gpt-4.1"\n')
    found = load(environ={}, path=path)
    assert (found.allowed_hosts, found.cors_origins, found.aliases) == (("a", "b"), ("https://c",), {"fast": "gpt-4.1"})


def test_an_integer_will_do_where_a_number_is_wanted(tmp_path: Path) -> None:
    found = load(environ={}, path=file(tmp_path, "drain_s = 5\n")).drain_s
    assert (found, type(found)) == (5.0, float)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("COPILOT_API_MANUAL", "maybe", "COPILOT_API_MANUAL must be true or false, not 'maybe'"),
        ("COPILOT_API_PORT", "http", "COPILOT_API_PORT must be a number, not 'http'"),
        ("COPILOT_API_PORT", "70000", "COPILOT_API_PORT must be at most 65535, not 70000"),
        ("COPILOT_API_PORT", "-1", "COPILOT_API_PORT must be at least 0, not -1"),
        ("COPILOT_API_RATE_LIMIT", "nan", "COPILOT_API_RATE_LIMIT must be a number, not nan"),
        ("COPILOT_API_RATE_LIMIT", "inf", "COPILOT_API_RATE_LIMIT must be a number, not inf"),
        ("COPILOT_API_TOKEN_STORE", "plain", "COPILOT_API_TOKEN_STORE must be keyring or file, not 'plain'"),
        ("COPILOT_API_ALIASES", "fast", "COPILOT_API_ALIASES must be a table of texts, not {'fast': ''}"),
    ],
)
def test_a_broken_variable_is_named(variable: str, text: str, message: str) -> None:
    with pytest.raises(SettingsBroken) as caught:
        load(environ={variable: text}, path=NOWHERE)
    assert caught.value.message == message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nport = '1'\n", "line 3: port must be a whole number, not '1'"),
        ("port = true\n", "line 1: port must be a whole number, not True"),
        ("manual = 1\n", "line 1: manual must be true or false, not 1"),
        ("host = 1\n", "line 1: host must be a text, not 1"),
        ("\nrate-limit = -2.5\n", "line 2: rate-limit must be at least 0, not -2.5"),
        ("allowed_hosts = [1]\n", "line 1: allowed_hosts must be a list of texts, not [1]"),
        ("port = 1\n[aliases]\nfast = 2\n", "line 2: aliases must be a table of texts, not {'fast': 2}"),
    ],
)
def test_a_broken_value_in_the_file_is_named_by_line_and_key(tmp_path: Path, text: str, message: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(SettingsBroken) as caught:
        load(environ={}, path=path)
    assert caught.value.message == f"{path} {message}"


def test_a_secret_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    for text in ("github_token = 12345678\n", "api_keys = [12345678]\n"):
        with pytest.raises(SettingsBroken) as caught:
            load(environ={}, path=file(tmp_path, text))
        assert "12345678" not in caught.value.text


def test_an_unknown_key_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    path = file(tmp_path, "host = 'localhost'\nprot = 1\n")
    with pytest.raises(SettingsBroken) as caught:
        load(environ={}, path=path)
    assert caught.value.message == f"{path} line 2: there is no setting 'prot'"
    assert caught.value.hint == "did you mean 'port'?"


def test_an_unknown_key_like_no_other_points_at_the_list(tmp_path: Path) -> None:
    with pytest.raises(SettingsBroken) as caught:
        load(environ={}, path=file(tmp_path, "zzzzzz = 1\n"))
    assert caught.value.hint == "copilot-api debug lists the settings"


def test_a_file_that_is_not_toml_is_named_by_line(tmp_path: Path) -> None:
    path = file(tmp_path, "port = 1\nhost = \n")
    with pytest.raises(SettingsBroken, match=re.escape(f"{path} is not valid TOML: ") + r".*line 2"):
        load(environ={}, path=path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsBroken, match=re.escape(f"{tmp_path} cannot be read: ")):
        load(environ={}, path=tmp_path)
    path = tmp_path / "latin.toml"
    path.write_bytes(b'host = "\xe9"\n')
    with pytest.raises(SettingsBroken, match=re.escape(f"{path} cannot be read: ")):
        load(environ={}, path=path)


def test_a_broken_flag_is_named_as_it_is_typed() -> None:
    with pytest.raises(SettingsBroken, match=r"^--allow-host must be a list of texts, not \[1\]$"):
        load({"allowed_hosts": [1]}, environ={}, path=NOWHERE)
    with pytest.raises(SettingsBroken, match=r"^drain_s must be at least 0, not -1$"):
        load({"drain_s": -1}, environ={}, path=NOWHERE)


def test_variables_that_are_almost_ours_are_told() -> None:
    environ = {"COPILOT_API_PROT": "1", "COPILOT_API_PORT": "1", "COPILOT_API_CONFIG": "x", "COPILOT_API_KEY": "k", "HOME": "/"}
    assert settings.strangers(environ) == ("COPILOT_API_PROT",)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Settings(), "port", 1)  # noqa: B010 - mypy knows it is frozen


def test_secrets_are_not_in_the_repr() -> None:
    shown = repr(Settings(github_token="gho_canary", api_keys=("canary",), proxy="http://me:canary@proxy:1"))
    assert "canary" not in shown
    assert "port=4141" in shown


@pytest.mark.parametrize("name", settings.options())
def test_every_setting_can_be_written_into_the_file(tmp_path: Path, name: str) -> None:
    default: Any = getattr(Settings(), name)
    written = {"None": "1.5", "True": "true", "False": "false", "()": "[]", "{}": "{}"}.get(str(default))
    path = file(tmp_path, f"{name} = {written or repr(list(default) if isinstance(default, tuple) else default)}\n")
    tomllib.loads(path.read_text("utf-8"))
    assert load(environ={}, path=path).origins == {name: str(path)}


def test_flags_are_unique_and_every_setting_is_explained() -> None:
    spellings = [flag for option in settings.options().values() for flag in option.metadata["flags"]]
    assert len(spellings) == len(set(spellings))
    assert all(option.metadata["help"] for option in settings.options().values())
    assert "origins" not in settings.options()


def test_folders_carry_the_programs_name() -> None:
    assert settings.config_dir().name == "copilot-api"
    assert settings.data_dir().name == "copilot-api"


def test_the_original_token_file_is_where_it_always_was(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert settings.legacy_token_path() == tmp_path / ".local/share/copilot-api/github_token"


def test_a_session_bus_is_found_by_address_or_by_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert not settings.has_session_bus()
    (tmp_path / "bus").touch()
    assert settings.has_session_bus()
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert not settings.has_session_bus()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x")
    assert settings.has_session_bus()


def test_the_address_of_the_session_bus_is_told_or_guessed_from_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    assert settings.session_bus() == ""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    assert settings.session_bus() == "unix:path=/run/user/1000/bus"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x")
    assert settings.session_bus() == "unix:path=/x"


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": " http://a:1 "}, {"https": ("http://a:1", "HTTPS_PROXY")}),
        ({"HTTPS_PROXY": "A", "https_proxy": "b"}, {"https": ("b", "https_proxy")}),
        ({"HTTPS_PROXY": "A", "https_proxy": ""}, {}),
        ({"ALL_PROXY": "A", "no_proxy": "b"}, {"all": ("A", "ALL_PROXY"), "no": ("b", "no_proxy")}),
        ({"FTP_PROXY": "A", "PROXY": "b", "HTTPS": "c", "COPILOT_API_PROXY": "d"}, {}),
    ],
)
def test_variables_of_proxies_are_read_as_other_programs_do(environ: dict[str, str], found: dict[str, tuple[str, str]]) -> None:
    assert settings.proxy_variables(environ) == found


@pytest.mark.parametrize(
    ("name", "origin", "shown"),
    [
        ("proxy", "flag", "--proxy"),
        ("proxy", "COPILOT_API_PROXY", "COPILOT_API_PROXY"),
        ("proxy", "/x/config.toml", "proxy in /x/config.toml"),
        ("proxy", "", "--proxy"),
        ("catalog_s", "", "catalog_s"),
    ],
)
def test_a_setting_is_named_as_it_is_spelt_where_it_was_set(name: str, origin: str, shown: str) -> None:
    assert settings.named(Settings(origins={name: origin} if origin else {}), name) == shown


if os.name == "posix":

    @pytest.mark.parametrize("mode", [0o602, 0o666, 0o622])
    def test_a_file_that_others_can_write_is_not_believed(tmp_path: Path, mode: int) -> None:
        """It says where tokens are sent."""
        path = tmp_path / "config.toml"
        path.write_text("port = 1")
        if mode & 0o020:
            os.chown(path, -1, os.getegid() + 1 if os.geteuid() == 0 else -1)
        path.chmod(mode)
        if mode == 0o622 and os.geteuid() != 0:
            path.chmod(mode | 0o002)
        with pytest.raises(SettingsBroken, match="can be written by other users") as caught:
            settings.load(environ={}, path=path)
        assert caught.value.hint
        path.chmod(0o644)
        assert settings.load(environ={}, path=path).port == 1

    def test_a_file_that_ones_own_group_can_write_is(tmp_path: Path) -> None:
        """Many systems give each person a group of their own."""
        path = tmp_path / "config.toml"
        path.write_text("port = 1")
        os.chown(path, -1, os.getegid())
        path.chmod(0o664)
        assert settings.load(environ={}, path=path).port == 1

    @pytest.mark.usefixtures("as_root")
    def test_a_file_of_another_user_is_believed_only_where_it_was_named(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A container is given one of its host's; nobody has another user's in the own folder by will."""
        monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path)
        path = tmp_path / "config.toml"
        path.write_text("port = 1")
        os.chown(path, 65534, 65534)
        with pytest.raises(SettingsBroken, match="belongs to another user"):
            settings.load(environ={})
        link = tmp_path / "named.toml"
        link.symlink_to(path)
        assert settings.load(environ={"COPILOT_API_CONFIG": str(link)}).port == 1

    def test_settings_may_be_kept_somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Many link theirs from a folder that they carry from machine to machine."""
        monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path)
        (tmp_path / "dotfiles").write_text("port = 2")
        (tmp_path / "config.toml").symlink_to(tmp_path / "dotfiles")
        assert settings.load(environ={}).port == 2


def test_displays_are_named_by_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    assert settings.displays() == ("x11",)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert settings.displays() == ("wayland", "x11")


@pytest.mark.parametrize(
    ("system", "environ", "allowed"),
    [
        ("posix", {"TERM": "xterm"}, True),
        ("posix", {}, True),
        ("posix", {"TERM": "dumb"}, False),
        ("posix", {"TERM": "xterm", "NO_COLOR": "1"}, False),
        ("posix", {"TERM": "xterm", "NO_COLOR": ""}, True),
        ("nt", {}, False),
        ("nt", {"WT_SESSION": "x"}, True),
    ],
)
def test_colours_are_given_up_on_request(
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    environ: dict[str, str],
    allowed: bool,
) -> None:
    monkeypatch.setattr("os.environ", environ)
    monkeypatch.setattr("os.name", system)
    assert settings.allows_colour() is allowed


@pytest.mark.parametrize(
    ("system", "environ", "name"),
    [
        ("posix", {"SHELL": "/usr/bin/fish"}, "fish"),
        ("posix", {}, "sh"),
        ("nt", {"PSModulePath": r"C:\own;C:\all;C:\system"}, "powershell"),
        ("nt", {"PSModulePath": r"C:\all;C:\system"}, "cmd"),
    ],
)
def test_the_environment_names_the_shell(
    monkeypatch: pytest.MonkeyPatch, system: str, environ: dict[str, str], name: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("os.environ", environ)
        patched.setattr("os.name", system)
        found = settings.shell()
    assert found == name


def test_programs_that_we_start_do_not_see_how_we_were_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUITKA_ONEFILE_PARENT", "1")
    monkeypatch.setenv("NUITKA_ONEFILE_DIRECTORY", "/opt")
    monkeypatch.setenv("NOT_NUITKA", "stays")
    settings.forget_the_unpacking()
    left = subprocess.run([sys.executable, "-c", "import os; print(*os.environ)"], capture_output=True, text=True, check=True)
    assert "NOT_NUITKA" in left.stdout.split()
    assert not [name for name in left.stdout.split() if name.startswith("NUITKA_")]
