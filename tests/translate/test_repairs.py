"""Every row of the table fires against its fixture, and without the row all is different."""

from collections import Counter
from pathlib import Path

import pytest

from copilot_api.dialects import messages
from copilot_api.errors import UpstreamRefused
from copilot_api.translate.repairs import PICTURES, REPLAYS, ROWS, WORDINGS, Row
from tests.builders.repairs import FOLDER, PLACES, expected, path_of, play, read

# What is done where there is a network is shown there, in the same two ways.
SHOWN_IN = {
    **dict.fromkeys(PICTURES, "tests/server/test_pictures.py"),
    **dict.fromkeys(REPLAYS, "tests/upstream/test_client.py"),
}
PLAYED = [row for row in ROWS if row.name not in SHOWN_IN and row.name not in WORDINGS]
# What the fixture has /responses say as a status it may say inside an answer as well.
INSIDE = [row for row in PLAYED if row.side == "retry" and read(path_of(row)).facts.get("endpoint") == "/responses"]

ROOT = Path(__file__).parent.parent.parent


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


@pytest.mark.parametrize("row", INSIDE, ids=name)
def test_it_fires_as_well_when_the_refusal_comes_inside_an_answer(row: Row) -> None:
    fixture = read(path_of(row))
    assert play(row, fixture, inside=True) == play(row, fixture)
    assert row.name not in play(row, fixture, inside=True, leave_out=True).fired


@pytest.mark.parametrize(("row", "place"), SHOWN_IN.items())
def test_what_is_shown_elsewhere_is_shown(row: str, place: str) -> None:
    assert f'"{row}"' in (ROOT / place).read_text("utf-8")


def test_a_prompt_that_is_too_long_is_said_in_the_words_at_which_claude_code_compacts() -> None:
    """The one row that is done in drawing an error: without it the words would be Copilot's own."""
    problem = UpstreamRefused("prompt token count of 9 exceeds the limit of 5", status=400, kind="context_overflow")
    said = messages.error(problem)["error"]["message"]
    assert list(WORDINGS) == ["overflow-worded"]
    assert said == "prompt is too long: 9 tokens > 5 maximum"
    assert said != problem.text


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
