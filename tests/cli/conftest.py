"""What tests of the command line may use: a log that is left as it was."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _the_log_stays_as_it_was() -> Iterator[None]:
    """Commands set up the log of their process, which here is the one of all tests."""
    root, ours = logging.getLogger(), logging.getLogger("copilot_api")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
