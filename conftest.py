"""The option that turns the tests on a program, and the one that repeats a run by chance.

The first stands here because pytest at first takes the path for one of tests, and looks for this file in the folders above it:
`pytest --executable dist/copilot-api` is understood in time. A path outside of the clone needs `--executable=PATH`.
"""

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
