"""A glance is a value: what it says of itself follows from its numbers."""

import dataclasses

import pytest

from copilot_api.desktop.glance import Glance


def test_a_glance_can_be_compared_and_not_be_changed() -> None:
    assert Glance(login="octo-dev") == Glance(login="octo-dev") != Glance()
    with pytest.raises(dataclasses.FrozenInstanceError):
        Glance().active = 3  # type: ignore[misc] # that it cannot be is what is tested
