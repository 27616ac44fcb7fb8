"""The option that turns the tests on a program, what it counted, and the option that repeats a run by chance.

The first stand here because pytest at first takes the path for one of tests, and looks for this file in the folders above it:
`pytest --executable dist/copilot-api` is understood in time. A path outside of the clone needs `--executable=PATH`.
"""

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--executable",
        default="",
        metavar="PATH",
        help="run the behavioural tests, and nothing else, against this program as a black box; "
        "'source': against the source in processes of its own",
    )
    parser.addoption("--seed", default="", metavar="N", help="repeats a run of tests/endurance, which tells its seed")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """How many tests talked to the program only from outside, so that two runs can be compared."""
    executable = config.getoption("--executable")
    if not executable:
        return
    for kind in ("behavioural", "compiled"):
        ended = {
            outcome: sum(kind in report.keywords for report in terminalreporter.getreports(outcome))
            for outcome in ("passed", "failed", "error", "skipped")
        }
        counts = ", ".join(f"{count} {outcome}" for outcome, count in ended.items())
        terminalreporter.write_line(f"black box: {executable}: {kind} tests: {counts}")
