"""The hub's events are values."""

import dataclasses
import typing

import pytest

from copilot_api.dialects.events import Ask, Counted, Event, Stamp, Text


def test_events_cannot_be_changed() -> None:
    text = Text(text="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        text.text = "b"  # type: ignore[misc] # the point of the test


def test_each_event_is_a_frozen_value_with_slots() -> None:
    for kind in (*typing.get_args(Event), Ask, Stamp):
        assert kind.__dataclass_params__.frozen, kind
        assert "__slots__" in vars(kind), kind


def test_equal_events_compare_equal() -> None:
    assert Counted(prompt=1, output=2) == Counted(output=2, prompt=1)
    assert Counted() != Counted(estimated=True)
