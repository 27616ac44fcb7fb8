"""The entry says what desktops understand, and is understood as they do."""

import subprocess
import sys
from pathlib import Path

import pytest

from copilot_api.desktop.autostart.desktop_entry import HIDDEN, starts, write
from copilot_api.desktop.autostart.program import Program
from copilot_api.errors import SystemRefused

HERE = {"GNOME", "ubuntu"}
TRAY = (sys.executable, "tray", "--at-login")


def entry(*lines: str) -> str:
    return "\n".join(("[Desktop Entry]", "Type=Application", "Name=Copilot API", f"Exec={sys.executable} tray", *lines, ""))


def keys(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines()[1:])


def test_a_plain_command_stands_as_it_is() -> None:
    told = keys(write(Program(("/usr/bin/copilot-api", "tray", "--at-login"))))
    assert told["Exec"] == "/usr/bin/copilot-api tray --at-login"
    assert told["TryExec"] == "/usr/bin/copilot-api"
    assert told["Terminal"] == "false"


def test_blanks_are_quoted_and_variables_set_first() -> None:
    program = Program(("/opt/Zoë Ö/copilot-api", "tray"), {"COPILOT_API_CONFIG": "/home/me/my settings.toml"})
    assert keys(write(program))["Exec"] == 'env "COPILOT_API_CONFIG=/home/me/my settings.toml" "/opt/Zoë Ö/copilot-api" tray'


def test_a_program_in_the_folder_of_o_brien_is_started_by_env() -> None:
    assert keys(write(Program(("/home/o'brien/copilot-api", "tray"))))["Exec"] == 'env "/home/o\'brien/copilot-api" tray'


@pytest.mark.parametrize("odd", ['"', "$", "`", "\\", "%", "="])
def test_what_desktops_read_differently_is_refused(odd: str) -> None:
    with pytest.raises(SystemRefused) as refused:
        write(Program((f"/opt/a{odd}b/copilot-api", "tray")))
    assert f"a path with {odd} in it" in refused.value.message
    assert refused.value.hint == f"rename a folder of /opt/a{odd}b/copilot-api"


@pytest.mark.parametrize("text", [write(Program(TRAY)), write(Program(TRAY, {"XDG_DATA_HOME": "/data"})), HIDDEN])
def test_the_desktops_own_checker_accepts_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "copilot-api.desktop"
    path.write_text(text, "utf-8")
    done = subprocess.run(["desktop-file-validate", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (write(Program(TRAY)), True),
        (write(Program(TRAY, {"XDG_DATA_HOME": "/data"})), True),
        (write(Program(("/nowhere/copilot-api", "tray"))), False),
        (HIDDEN, False),
        ("", False),
        (entry(), True),
        (entry("Hidden=true"), False),
        (entry("Hidden = true "), False),
        (entry("Hidden=false"), True),
        (entry("X-GNOME-Autostart-enabled=false"), False),
        (entry("X-GNOME-Autostart-enabled=true"), True),
        (entry("X-MATE-Autostart-enabled=false"), False),
        (entry("OnlyShowIn=GNOME;Unity;"), True),
        (entry("OnlyShowIn=KDE;"), False),
        (entry("NotShowIn=KDE;"), True),
        (entry("NotShowIn=XFCE;GNOME;"), False),
        (entry("TryExec=no-such-program-of-anybody"), False),
        (entry("TryExec=/nowhere/program"), False),
        (entry("[Desktop Action x]", "Hidden=true"), True),
        ("[Desktop Entry]\nExec=no-such-program-of-anybody tray\n", False),
        ("[Desktop Entry]\nExec=\n", False),
        (f'[Desktop Entry]\nExec="{sys.executable}" tray\n', True),
    ],
)
def test_whether_a_desktop_would_start_it(text: str, expected: bool) -> None:
    assert starts(text, HERE) is expected


@pytest.mark.parametrize(
    ("name", "written"), [('a "b', r'a \\"b'), ("100%", "100%%"), ("do$llar", r"do\\$llar"), ("back\\slash", r"back\\\\slash")]
)
def test_what_others_wrote_by_the_letter_of_the_specification_is_understood(tmp_path: Path, name: str, written: str) -> None:
    program = tmp_path / name / "copilot-api"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    assert starts(f'[Desktop Entry]\nExec="{tmp_path}/{written}/copilot-api" tray\n', HERE)
