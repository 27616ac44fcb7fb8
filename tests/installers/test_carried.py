"""Packages that another machine makes carry the licences that the building machine wrote down, or are not made."""

from pathlib import Path

import pytest

from installers import carried
from installers.__main__ import TARGETS
from installers.job import CannotMake
from tests.installers.conftest import Make


def test_the_licences_are_put_into_the_folder(stand_in: Path, make: Make) -> None:
    path = TARGETS["licences"](make.job())
    try:
        assert path == stand_in / carried.NAME
        text = path.read_text("utf-8")
        assert "copilot-api comes with the work of others" in text
        assert "\naiohttp " in text
        carried.demand(make.job())
    finally:
        path.unlink()


def test_without_them_the_way_to_get_them_is_told(make: Make) -> None:
    with pytest.raises(CannotMake) as told:
        carried.demand(make.job())
    assert told.value.hint == "python -m installers licences makes it where the folder was built"
