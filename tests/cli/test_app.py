"""How every command ends: what is printed where, and with which exit code."""

import os
import sys

import pytest
import typer

from copilot_api import __version__
from copilot_api.cli import app
from copilot_api.errors import NotSignedIn

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize("command", ["start", "auth", "check-usage", "debug", "models", "logout"])
def test_the_help_lists_every_command(capsys: Capture, command: str) -> None:
    assert app.run(["--help"]) == 0
    out, err = capsys.readouterr()
    assert f"\n  {command} " in out
    assert err == ""


def test_no_command_at_all_shows_the_help(capsys: Capture) -> None:
    assert app.run([]) == 0
    assert capsys.readouterr().out.startswith("Usage: copilot-api [OPTIONS] COMMAND [ARGS]...")


@pytest.mark.parametrize("spelling", ["--version", "-V"])
def test_the_version_is_data(capsys: Capture, spelling: str) -> None:
    assert app.run([spelling]) == 0
    assert capsys.readouterr().out == f"copilot-api {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["modls"], "no such command 'modls'. Did you mean 'models'?", "copilot-api --help shows what there is"),
        (["start", "--prt", "1"], "no such option: --prt", "copilot-api start --help shows what there is"),
        (
            ["start", "-p", "http"],
            "invalid value for '--port' / '-p': 'http' is not a valid int",
            "copilot-api start --help",
        ),
        (["auth", "status", "--jsn"], "no such option: --jsn", "copilot-api auth status --help shows what there is"),
    ],
)
def test_what_is_misspelt_ends_with_two_and_a_hint(capsys: Capture, arguments: list[str], message: str, hint: str) -> None:
    assert app.run(arguments) == 2
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert first.startswith(f"error: {message}")
    assert second.startswith(f"hint: {hint}")


def test_a_broken_setting_ends_with_two(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPILOT_API_PORT", "http")
    assert app.run(["start"]) == 2
    assert capsys.readouterr().err == "error: COPILOT_API_PORT must be a number, not 'http'\n"


def program_that_raises(error: BaseException) -> typer.Typer:
    commands = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

    @commands.command()
    def only() -> None:
        raise error

    return commands


@pytest.mark.parametrize(
    ("error", "code", "last"),
    [
        (NotSignedIn("You are not signed in", hint="run copilot-api auth"), 1, "hint: run copilot-api auth"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (EOFError(), 130, "interrupted"),
    ],
)
def test_a_failing_command_says_why(capsys: Capture, error: BaseException, code: int, last: str) -> None:
    assert app.run(["--"], program_that_raises(error)) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == last
    assert "Traceback" not in err


def test_a_bug_is_shown_with_its_place_and_without_tokens(capsys: Capture) -> None:
    assert app.run(["--"], program_that_raises(ValueError("gho_abcdefgh12345678"))) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "ValueError: [redacted]" in err
    assert "error: this is a bug in copilot-api: ValueError" in err


if sys.platform != "win32":

    def test_a_reader_that_has_had_enough_is_no_error(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as gone:
            monkeypatch.setattr(sys, "stdout", gone)
            assert app.run(["--version"]) == 1
        assert capsys.readouterr().err == ""
