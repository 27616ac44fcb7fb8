"""What tests of the build start; they are left out where a machine has it not (`tests/conftest.py`)."""

import pytest


@pytest.fixture(scope="session")
def compiler() -> None:
    """Linux's: gcc, and what edits programs."""


@pytest.fixture(scope="session")
def valgrind() -> None:
    """What counts instructions."""
