"""What a login starts leads to this program in every form, with the way to its settings; what will not be there is refused."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from copilot_api import form
from copilot_api.desktop.autostart.program import Program, at_login
from copilot_api.errors import SystemRefused


@pytest.fixture(autouse=True)
def _no_places(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COPILOT_API_CONFIG", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_from_source_it_starts_wherever_it_is_started_from(tmp_path: Path) -> None:
    (tmp_path / "copilot_api").mkdir()
    (tmp_path / "copilot_api" / "__main__.py").write_text("print('somebody else')", "utf-8")
    program = at_login("--version")
    done = subprocess.run(program.command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("copilot-api ")
    assert program.variables == {}


@pytest.mark.parametrize("path", ["/usr/bin/copilot-api", "/home/me/bin/copilot-api-1.0.0-linux-x86_64"])
@pytest.mark.parametrize("onefile", [True, False])
def test_compiled_it_is_named_as_it_was_started(monkeypatch: pytest.MonkeyPatch, path: str, onefile: bool) -> None:
    """A link stays a link: what it leads to is another one after an update."""
    monkeypatch.setattr(form, "__compiled__", SimpleNamespace(onefile=onefile), raising=False)
    monkeypatch.setattr(sys, "argv", [path, "tray"])
    assert at_login("tray", "--at-login").command == (path, "tray", "--at-login")


def test_the_way_to_the_settings_goes_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COPILOT_API_CONFIG", "my.toml")
    monkeypatch.setenv("GH_TOKEN", "gho_canary12345678")
    assert at_login("tray").variables == {"COPILOT_API_CONFIG": str(tmp_path / "my.toml")}


if sys.platform == "win32":

    def test_from_source_no_window_opens_at_login() -> None:
        assert Path(at_login("tray").command[0]).name == "pythonw.exe"


@pytest.mark.parametrize(
    "path",
    [
        "/home/me/.cache/uv/archive-v0/x1y2/bin/python",
        "C:/Users/me/AppData/Local/uv/cache/archive-v0/x1y2/Scripts/python.exe",
        "/home/me/.local/pipx/.cache/abc/bin/python",
        "/private/var/folders/x/AppTranslocation/y/d/Copilot API.app/Contents/MacOS/copilot-api",
        "/Volumes/Copilot API/Copilot API.app/Contents/MacOS/copilot-api",
    ],
)
def test_what_lies_where_nothing_stays_is_not_started_at_login(path: str) -> None:
    program = Program((path, "tray"))
    assert program.is_passing
    with pytest.raises(SystemRefused, match="will not be there at the next login") as refused:
        program.check()
    assert refused.value.hint == "install copilot-api first, or move it to where it stays"


@pytest.mark.parametrize("name", ["two\nlines", "no text \udcff"])
def test_a_name_that_cannot_be_written_down_is_refused(name: str) -> None:
    with pytest.raises(SystemRefused, match="cannot be written"):
        Program((f"/opt/{name}/copilot-api",)).check()
    with pytest.raises(SystemRefused, match="cannot be written"):
        Program(("/opt/copilot-api",), {"COPILOT_API_CONFIG": f"/home/{name}"}).check()
    Program(("/opt/ünder a näme·/copilot-api",)).check()
