"""A glance is a value: what it says of itself follows from its numbers."""

import dataclasses

import pytest

from copilot_api.desktop.glance import Glance
from copilot_api.upstream.balance import Balance


@pytest.mark.parametrize(("remaining", "share"), [(7000, 0.0), (1750, 0.75), (0, 1.0), (-700, 1.1)])
def test_what_is_used_of_a_plan_is_what_is_not_left(remaining: float, share: float) -> None:
    assert Balance(unit="AI credits", remaining=remaining, entitlement=7000).share_used == pytest.approx(share)


def test_of_a_plan_without_an_allowance_nothing_is_used() -> None:
    assert Balance(unit="AI credits", remaining=0, entitlement=0).share_used == 0


def test_a_glance_can_be_compared_and_not_be_changed() -> None:
    assert Glance(login="octo-dev") == Glance(login="octo-dev") != Glance()
    with pytest.raises(dataclasses.FrozenInstanceError):
        Glance().active = 3  # type: ignore[misc] # that it cannot be is what is tested
