"""Every row of the table fires against its fixture, and without the row all is different."""

from collections import Counter

import pytest

from copilot_api.translate.repairs import PICTURES, REPLAYS, ROWS, WORDINGS, Row
from tests.builders.repairs import FOLDER, PLACES, expected, path_of, play, read

# What is done where a network or an error is at hand is shown there, in the same two ways.
ELSEWHERE = {**PICTURES, **REPLAYS, **WORDINGS}
PLAYED = [row for row in ROWS if row.name not in ELSEWHERE]


def name(row: Row) -> str:
    return f"{PLACES[row.where]}-{row.name}"


@pytest.mark.parametrize("row", PLAYED, ids=name)
def test_it_fires_against_its_fixture(row: Row) -> None:
    fixture = read(path_of(row))
    outcome = play(row, fixture)
    assert outcome.value == expected(fixture)
    assert row.name in outcome.fired


@pytest.mark.parametrize("row", PLAYED, ids=name)
def test_without_it_all_is_different(row: Row) -> None:
    fixture = read(path_of(row))
    outcome = play(row, fixture, leave_out=True)
    assert outcome.value != expected(fixture)
    assert row.name not in outcome.fired


def test_no_fixture_is_left_without_its_row() -> None:
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == {path_of(row) for row in PLAYED}


def test_a_name_means_one_thing_at_each_endpoint() -> None:
    endpoints = [place for place in PLACES if place]
    named = Counter((place, row.name) for row in ROWS for place in ([row.where] if row.where else endpoints))
    assert [key for key, times in named.items() if times > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_every_row_says_what_a_reader_wants_to_know(row: Row) -> None:
    assert row.when
    assert row.does
    assert row.source
    assert not row.when.endswith(".")
    assert not row.does.endswith(".")
