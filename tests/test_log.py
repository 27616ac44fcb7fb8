"""The log goes to standard error, carries the request id, and never holds a token."""

import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from copilot_api import log, session


@pytest.fixture(autouse=True)
def _own_root_logger() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("copilot_api")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("grant gho_abcdefgh12345678 kept", "grant [redacted] kept"),
        ("ghu_abcdefgh12345678", "[redacted]"),
        ("cap_abcdefgh12345678 of a client", "[redacted] of a client"),
        ("ghp_abcdefgh12345678,ghs_abcdefgh12345678", "[redacted],[redacted]"),
        ("github_pat_11ABCDEFG_abcdefgh", "[redacted]"),
        ("tid=abc;exp=1790000000;sku=x:0000", "[redacted]"),
        ('{"token":"tid=abc;exp=1:00","refresh_in":1500}', '{"token":"[redacted]","refresh_in":1500}'),
        ("Authorization: Bearer anything-at-all", "Authorization: Bearer [redacted]"),
        ("authorization: token 0123456789abcdef0123456789abcdef01234567", "authorization: token [redacted]"),
        ("Proxy-Authorization: Basic bWU6Y2FuYXJ5", "Proxy-Authorization: Basic [redacted]"),
        (
            "by http://me:p%40ss@proxy:8080/ and socks5h://me@proxy",
            "by http://[redacted]@proxy:8080/ and socks5h://[redacted]@proxy",
        ),
        (
            "see https://github.com/settings@x, or mail me@example.com",
            "see https://github.com/settings@x, or mail me@example.com",
        ),
        ("a token of 12 bytes, 3 tokens counted", "a token of 12 bytes, 3 tokens counted"),
    ],
)
def test_tokens_are_cut_out(text: str, shown: str) -> None:
    assert log.redact(text) == shown


def test_a_line_carries_time_level_and_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(verbose=False)
    mark = log.request_id.set("req-7")
    try:
        logging.getLogger("copilot_api.server").info("answered in %d ms with gho_abcdefgh12345678", 12)
    finally:
        log.request_id.reset(mark)
    logging.getLogger("copilot_api.server").warning("outside")
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert out == ""
    assert first[8:] == " INFO    req-7 answered in 12 ms with [redacted]"
    assert second[8:] == " WARNING - outside"


def test_a_traceback_is_redacted_too(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(verbose=False)
    try:
        int("Bearer canary-secret")
    except ValueError:
        logging.getLogger("copilot_api").exception("failed")
    err = capsys.readouterr().err
    assert "canary" not in err
    assert "ValueError: invalid literal for int() with base 10: 'Bearer [redacted]'" in err


@pytest.mark.parametrize(("verbose", "seen"), [(False, False), (True, True)])
def test_verbose_means_our_own_steps_only(
    capsys: pytest.CaptureFixture[str],
    verbose: bool,
    seen: bool,
) -> None:
    log.set_up(verbose=verbose)
    logging.getLogger("copilot_api.upstream").debug("a step")
    logging.getLogger("aiohttp.client").debug("a library's chatter")
    err = capsys.readouterr().err
    assert ("a step" in err) is seen
    assert "chatter" not in err


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("plain, with ä, 漢 and a\ttab", "plain, with ä, 漢 and a\ttab"),
        ("one\ntwo\n", "one\n    two\n    "),
        ("one\r12:00:00 ERROR", "one\\x0d12:00:00 ERROR"),
        ("\x1b[31mred \x9b31m \x07", "\\x1b[31mred \\x9b31m \\x07"),
        ("\u2028line \u202ekcab \u2066x", "\\x2028line \\x202ekcab \\x2066x"),
    ],
)
def test_what_is_said_cannot_look_like_a_line_of_its_own(said: str, shown: str) -> None:
    assert log.one_line(said) == shown


def test_setting_up_twice_does_not_double_the_lines() -> None:
    log.set_up(verbose=False)
    log.set_up(verbose=True)
    handlers = logging.getLogger().handlers
    assert len(handlers) == 1
    assert isinstance(handlers[0], logging.StreamHandler)
    assert handlers[0].stream is sys.stderr


def test_the_journal_is_told_the_level_on_each_line_and_no_time(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows the time, and reads the level from there (sd-daemon(3))."""
    monkeypatch.setattr(session, "is_journal", lambda _descriptor: True)
    log.set_up(verbose=True)
    ours = logging.getLogger("copilot_api")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        ours.log(level, "step %d", level)
    ours.error("two\nlines")
    told = capfd.readouterr().err.splitlines()
    assert told == ["<7>- step 10", "<6>- step 20", "<4>- step 30", "<3>- step 40", "<3>- step 50", "<3>- two", "<3>    lines"]
    assert log.marked("plain", logging.INFO) == "<6>plain"


def test_where_no_journal_reads_nothing_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log.marked("plain", logging.ERROR) == "plain"
    monkeypatch.setattr(sys, "stderr", None)  # as of a program that Windows started without a console
    assert log.marked("plain", logging.ERROR) == "plain"


@contextmanager
def file_for(path: Path) -> Iterator[None]:
    """A log file in place of the terminal, for as long as the block takes."""
    before = sys.stdout, sys.stderr
    log.into_file(path)
    try:
        yield
    finally:
        sys.stderr.close()
        sys.stdout, sys.stderr = before


def test_a_file_has_all_that_would_be_said_with_the_day_and_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "copilot-api.log"
    with file_for(path):
        log.set_up(verbose=False)
        logging.getLogger("copilot_api").warning("with gho_abcdefgh12345678")
        sys.stdout.write("said Ö\n")
        sys.stdout.flush()
        assert not sys.stderr.isatty()
    first, second = path.read_text("utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING - with \[redacted\]", first)
    assert second == "said Ö"
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_there_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "copilot-api.log"
    path.write_text("before\n", "utf-8")
    with file_for(path):
        sys.stderr.write("after\n")
    assert path.read_text("utf-8") == "before\nafter\n"


def test_two_files_of_a_limited_size_are_all_that_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "FILE_BYTES", 100)
    with file_for(tmp_path / "copilot-api.log"):
        for number in range(100):
            sys.stderr.write(f"line {number:3}\n")
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == ["copilot-api.log", "copilot-api.log.1"]
    assert sum(file.stat().st_size for file in kept) <= 2 * 110
    assert "line  99\n" in kept[0].read_text("utf-8")


def test_a_log_that_cannot_be_written_keeps_nobody_from_working(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = log.LogFile(tmp_path / "file" / "copilot-api.log")
    assert file.writable()
    assert file.write("said\n") == 5
    file.flush()
    file.close()


def test_a_file_is_for_what_nobody_would_hear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (None, io.StringIO()):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", sys.stdout)
            patch.setattr(sys, "stderr", stream)
            log.keep_in(tmp_path / "copilot-api.log")
            assert isinstance(sys.stderr, log.LogFile)
    with monkeypatch.context() as patch:
        patch.setattr(session, "is_journal", lambda _descriptor: True)
        patch.setattr(sys, "stderr", sys.__stderr__)
        log.keep_in(tmp_path / "copilot-api.log")
        assert sys.stderr is sys.__stderr__
    with monkeypatch.context() as patch:
        terminal: Any = io.StringIO()
        terminal.isatty = lambda: True
        patch.setattr(sys, "stderr", terminal)
        log.keep_in(tmp_path / "copilot-api.log")
        assert terminal is sys.stderr
