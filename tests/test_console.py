"""The voice: data apart from talk, lower case, hints, and nothing that a server could smuggle onto the terminal."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from copilot_api import console, session
from copilot_api.errors import NotSignedIn, SettingsBroken, StartFailed

Capture = pytest.CaptureFixture[str]


def test_data_goes_out_and_talk_goes_aside(capsys: Capture) -> None:
    console.data("4141")
    console.data_json({"name": "é"})
    console.say("serving")
    out, err = capsys.readouterr()
    assert out == '4141\n{\n  "name": "\\u00e9"\n}\n'
    assert json.loads(out.split("\n", 1)[1]) == {"name": "é"}
    assert err == "serving\n"


def test_an_error_is_lower_case_and_carries_a_hint(capsys: Capture) -> None:
    code = console.fail(NotSignedIn("Not signed in to GitHub.", hint="run copilot-api auth"))
    out, err = capsys.readouterr()
    assert (code, out) == (1, "")
    assert err == "error: not signed in to GitHub\nhint: run copilot-api auth\n"


def test_an_error_without_a_hint_is_one_line(capsys: Capture) -> None:
    assert console.fail(SettingsBroken("COPILOT_API_PORT must be a number")) == 2
    assert capsys.readouterr().err == "error: COPILOT_API_PORT must be a number\n"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("No Copilot plan on this account", "no Copilot plan on this account"),
        ("GitHub refused the token", "GitHub refused the token"),
        ("Copilot fell silent.", "Copilot fell silent"),
        ("A port is missing", "a port is missing"),
        ("HTTP 466", "HTTP 466"),
        ("waiting ...", "waiting ..."),
        ("", ""),
    ],
)
def test_names_keep_their_capital(capsys: Capture, message: str, shown: str) -> None:
    console.warn(message, hint="try again")
    assert capsys.readouterr().err == f"warning: {shown}\nhint: try again\n"


def test_control_characters_from_outside_are_made_harmless(capsys: Capture) -> None:
    console.say("a\x1b]0;title\x07b\rc\x9bd\te")
    console.data("\x1b[2Jx\x00")
    console.table(["id"], [["gpt\x1b[1Ax"]])
    out, err = capsys.readouterr()
    assert err == "a\ufffd]0;title\ufffdb\ufffdc\ufffdd\te\n"
    assert out == "\ufffd[2Jx\ufffd\nID\ngpt\ufffd[1Ax\n"


def test_a_table_has_straight_columns(capsys: Capture) -> None:
    console.table(["id", "context"], [["gpt-4.1", "128k"], ["claude-sonnet-4.5", ""]])
    assert capsys.readouterr().out == "ID                 CONTEXT\ngpt-4.1            128k\nclaude-sonnet-4.5\n"


def test_a_crash_shows_where_but_no_token(capsys: Capture) -> None:
    try:
        int("gho_abcdefgh12345678")
    except ValueError as error:
        code = console.crash(error)
    err = capsys.readouterr().err
    assert code == 1
    assert "test_console.py" in err
    assert "'[redacted]'" in err
    assert "abcdefgh" not in err
    assert err.splitlines()[-2] == "error: this is a bug in copilot-api: ValueError"


def test_without_a_terminal_there_are_no_colours_no_bars_and_no_rewriting(capsys: Capture) -> None:
    progress = console.Progress()
    for left in ("15 min left", "14 min left"):
        progress.show("waiting for GitHub", left)
    progress.show("GitHub could not be reached")
    progress.end()
    assert capsys.readouterr().err == "waiting for GitHub\nGitHub could not be reached\n"
    assert console.paint("x", "red") == "x"
    assert console.bar(0.5) == ""
    assert not console.is_interactive()


def test_what_the_terminal_cannot_show_does_not_end_the_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("out") / "latin"
    with path.open("w", encoding="latin-1") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        console.set_up()
        console.data("price: €")
    assert path.read_text("latin-1") == "price: \\u20ac\n"


if sys.platform != "win32":

    @contextmanager
    def screen(patched: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
        """Standard input, output and error on one terminal; the function gives what it has shown since."""
        outer, inner = os.openpty()
        os.set_blocking(outer, False)
        patched.delenv("NO_COLOR", raising=False)
        patched.setenv("TERM", "xterm")
        device = os.fdopen(inner, "r+b", buffering=0)
        with os.fdopen(outer, "rb", buffering=0) as master, io.TextIOWrapper(device, write_through=True) as terminal:
            for name in ("stdin", "stdout", "stderr"):  # pytest sets its own before each test, so not in a fixture
                patched.setattr(sys, name, terminal)
            yield lambda: (master.read() or b"").decode().replace("\r\n", "\n")
            patched.undo()

    def test_on_a_terminal_labels_are_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
        with screen(monkeypatch) as shown:
            console.fail(NotSignedIn("x", hint="y"))
            console.warn("z")
            assert shown() == "\x1b[31merror:\x1b[0m x\n\x1b[36mhint:\x1b[0m y\n\x1b[33mwarning:\x1b[0m z\n"

    def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
        with screen(monkeypatch) as shown:
            monkeypatch.setenv("NO_COLOR", "1")
            console.fail(NotSignedIn("x"))
            assert shown() == "error: x\n"

    def test_on_a_terminal_progress_rewrites_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
        with screen(monkeypatch) as shown:
            progress = console.Progress()
            progress.show("waiting for GitHub", "15 min left")
            progress.show("waiting for GitHub", "9 min left")
            progress.show("done")
            progress.end()
            progress.end()
            drawn = shown()
        assert drawn == "\rwaiting for GitHub, 15 min left\rwaiting for GitHub, 9 min left " + "\rdone".ljust(31) + "\n"

    @pytest.mark.parametrize(
        ("share", "drawn"),
        [
            (0.0, "[\x1b[32m\x1b[0m" + "." * 24 + "]"),
            (0.5, "[\x1b[32m" + "#" * 12 + "\x1b[0m" + "." * 12 + "]"),
            (0.8, "[\x1b[33m" + "#" * 19 + "\x1b[0m" + "." * 5 + "]"),
            (1.4, "[\x1b[31m" + "#" * 24 + "\x1b[0m]"),
        ],
    )
    def test_a_bar_warns_by_its_colour(monkeypatch: pytest.MonkeyPatch, share: float, drawn: str) -> None:
        with screen(monkeypatch) as shown:
            console.data(console.bar(share))
            assert shown() == drawn + "\n"

    def test_a_person_is_there_when_input_and_talk_are_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
        with screen(monkeypatch):
            assert console.is_interactive()


def test_the_journal_is_told_what_is_an_error(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "is_journal", lambda _descriptor: True)
    console.warn("Odd.", hint="Look.")
    console.fail(StartFailed("Port 4141 is in use."))
    assert capfd.readouterr().err == "<4>warning: odd\n<6>hint: look\n<3>error: port 4141 is in use\n"
