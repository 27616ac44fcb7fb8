"""The manual is one that man, mandoc and groff read without a remark, and tells of everything there is."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from copilot_api import settings
from installers.commands import root
from installers.linux.manual import manual


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("man") / "copilot-api.1"
    path.write_text(manual(), "utf-8")
    return path


@pytest.fixture(scope="module")
def read(page: Path) -> str:
    """The page as a person reads it, without line ends and the gaps of justified text."""
    environ = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "1000", "MAN_KEEP_FORMATTING": "", "MANPAGER": "cat"}
    shown = subprocess.run(["man", "-l", page], capture_output=True, text=True, check=True, env=environ).stdout
    return " ".join(re.sub(r".\x08", "", shown).split())


@pytest.mark.parametrize(
    "judge",
    [["mandoc", "-Tlint"], ["groff", "-man", "-Tutf8", "-ww", "-z"], ["man", "--warnings=w", "-l", "-Tutf8", "-Z"]],
    ids=" ".join,
)
def test_nobody_who_reads_pages_has_a_remark(judge: list[str], page: Path) -> None:
    done = subprocess.run([*judge, page], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert (done.returncode, done.stderr) == (0, "")
    if judge[0] == "mandoc":
        assert done.stdout == ""


def test_every_command_and_option_is_told(read: str) -> None:
    for command in root().everyone():
        assert " ".join((*command.words, *(argument.name for argument in command.arguments))) in read
        for argument in command.arguments:
            assert f"{argument.name} {argument.help}." in read
        for option in command.options:
            assert ", ".join(option.all_spellings) in read
            assert option.help in read


def test_every_setting_and_variable_is_told(read: str) -> None:
    for name, option in settings.options().items():
        assert f" {name}" in read
        assert option.metadata["help"] in read
        assert all(variable in read for variable in settings.variables(name)[1:])
    for variable in ("COPILOT_API_CONFIG", "NO_COLOR", "DBUS_SESSION_BUS_ADDRESS"):
        assert variable in read


def test_the_folders_are_those_that_the_program_uses(read: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    for folder in (settings.config_dir(), settings.data_dir()):
        assert f"~/{folder.relative_to('/home/somebody')}" in read


def test_the_exit_codes_are_told(read: str) -> None:
    status = read.split("EXIT STATUS ")[1].split(" EXAMPLES", maxsplit=1)[0]
    assert status == "0 Done. 1 Failed. 2 A wrong option or setting. 130 Interrupted."


def test_it_tells_how_to_remove_ones_own_data(read: str) -> None:
    assert "type 'copilot-api logout', which takes the token out of the keyring" in read


def test_typed_hyphens_and_quotes_stay_what_they_are(read: str) -> None:
    assert "copilot-api start --sandbox" in read
    assert "\N{HYPHEN}-" not in read
    assert "\N{RIGHT SINGLE QUOTATION MARK}" not in read


def test_the_same_moment_gives_the_same_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert '"2023-11-14"' in manual()
    assert manual() == manual()
