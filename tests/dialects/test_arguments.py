"""Tool arguments as models write them."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.arguments import BLANK_RUN_LIMIT, Scanner, parse
from copilot_api.dialects.codec import Json
from tests.builders.answers import INPUTS, pieces


@given(value=INPUTS, seed=st.integers(), ascii_only=st.booleans())
def test_an_object_is_complete_at_its_last_brace_and_not_before(value: Json, seed: int, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    scanner = Scanner()
    for piece in pieces(text[:-1], random.Random(seed)):
        scanner.feed(piece)
    assert not scanner.is_complete
    scanner.feed(text[-1])
    assert scanner.is_complete


def test_braces_and_quotes_inside_strings_do_not_count() -> None:
    scanner = Scanner()
    for piece in ('{"a":"}\\', '"}', "{[", '"', "}"):
        assert not scanner.is_complete
        scanner.feed(piece)
    assert scanner.is_complete


def test_endless_blanks_are_a_runaway() -> None:
    scanner = Scanner()
    scanner.feed('{"a":1')
    for _ in range(BLANK_RUN_LIMIT // 100):
        scanner.feed(" " * 100)
        assert not scanner.is_runaway
    scanner.feed("\n")
    assert scanner.is_runaway


def test_blanks_between_words_are_not_a_runaway() -> None:
    scanner = Scanner()
    for _ in range(50):
        scanner.feed("    " * 100 + "x")
    assert not scanner.is_runaway


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("  \n", {}),
        ("{}", {}),
        ('{"a":1}', {"a": 1}),
        ('{"n":12345678901234567890123}', {"n": 12345678901234567890123}),
        ('{"a":1}{"a":1}', {"a": 1}),
        ('{"a":1} {"a":1}{"a":1}', {"a": 1}),
        ('{"a":1}}', {"a": 1}),
        ('{"a":1}{"a"', {"a": 1}),
        ('{"a":1}{"b":2}', None),
        ('{"a":', None),
        ("[1]", None),
        ("[1][1]", None),
        ("7", None),
        ("rm -rf", None),
        ("[" * 100_000, None),
    ],
)
def test_arguments_become_an_object_or_nothing(text: str, value: Json | None) -> None:
    assert parse(text) == value
