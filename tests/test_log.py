"""The log goes to standard error, carries the request id, and never holds a token."""

import logging
import sys
from collections.abc import Iterator

import pytest

from copilot_api import log


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
