"""What tests of https may use: certificates made once, because they are what takes time."""

from pathlib import Path

import pytest

from copilot_api.https.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A fresh one."""
    made = Authority.of(tmp_path / "data")
    made.make()
    return made
