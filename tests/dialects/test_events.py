"""The hub's events are values."""

import dataclasses
import typing

import pytest

from copilot_api.dialects.events import Ask, Counted, Event, Stamp, Text
from copilot_api.dialects.messages_blocks import Step
from copilot_api.dialects.sse import Sse


def test_events_cannot_be_changed() -> None:
    counted = Counted(prompt=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        counted.prompt = 2  # type: ignore[misc] # the point of the test
    # Those that come by the thousand are watched by mypy alone, for which this is no better.
    Text(text="a").text = "b"  # type: ignore[misc]


@pytest.mark.parametrize("kind", [*typing.get_args(Event), Ask, Stamp, Sse, Step])
def test_each_event_is_a_value_with_slots_whose_fields_are_final(kind: type) -> None:
    is_frozen = kind.__dataclass_params__.frozen  # type: ignore[attr-defined] # of dataclasses
    fields = dataclasses.fields(kind)
    assert is_frozen or all(typing.get_origin(field.type) is typing.Final for field in fields)
    assert "__slots__" in vars(kind)


def test_equal_events_compare_equal() -> None:
    assert Counted(prompt=1, output=2) == Counted(output=2, prompt=1)
    assert Counted() != Counted(estimated=True)
