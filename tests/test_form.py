"""The form is what the compiler left in the module, and decides how the program is started again."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from copilot_api import form
from copilot_api.form import Form


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(form, "__compiled__", SimpleNamespace(onefile=request.param), raising=False)
    monkeypatch.setattr(sys, "argv", ["/opt/copilot-api", "start"])
    monkeypatch.setattr(sys, "executable", "/home/me/.cache/copilot-api/1.0.0-abc/python")


def test_from_source_it_is_started_as_a_module() -> None:
    assert form.current() is Form.SOURCE
    assert form.unpacked() is None
    done = subprocess.run([*form.command(), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("copilot-api ")


@pytest.mark.parametrize("compiled", [False], indirect=True)
def test_an_appimage_is_started_by_itself_and_not_by_what_was_unpacked(compiled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPIMAGE", "/home/me/copilot-api.AppImage")
    monkeypatch.setenv("APPDIR", "/opt")
    assert form.command() == ["/home/me/copilot-api.AppImage"]
    monkeypatch.setenv("APPDIR", "/tmp/.mount_of_another")
    assert form.command() == ["/opt/copilot-api"]


@pytest.mark.parametrize("compiled", [False], indirect=True)
def test_a_folder_is_started_by_its_program(compiled: None) -> None:
    assert form.current() is Form.FOLDER
    assert form.command() == ["/opt/copilot-api"]
    assert form.unpacked() is None


@pytest.mark.parametrize("compiled", [True], indirect=True)
def test_the_one_file_is_started_by_itself_and_knows_where_it_was_unpacked(compiled: None) -> None:
    assert form.current() is Form.ONE_FILE
    assert form.command() == ["/opt/copilot-api"]
    assert str(form.unpacked()) == "/home/me/.cache/copilot-api/1.0.0-abc"
