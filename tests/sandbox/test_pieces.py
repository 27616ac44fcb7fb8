from hypothesis import given
from hypothesis import strategies as st

from copilot_api.sandbox import pieces


def test_words_keep_the_space_before_them() -> None:
    assert pieces.words("Hello  big\nworld ") == ["Hello", "  big", "\nworld", " "]


def test_letters_go_twelve_at_a_time() -> None:
    assert pieces.letters("a" * 25) == ["a" * 12, "a" * 12, "a"]


def test_nothing_has_no_pieces() -> None:
    assert pieces.words("") == pieces.letters("") == []


@given(st.text())
def test_joined_pieces_are_the_text(text: str) -> None:
    assert "".join(pieces.words(text)) == text
    assert "".join(pieces.letters(text)) == text


def test_a_long_text_is_not_many_pieces() -> None:
    assert len(pieces.words("word " * 100_000)) <= pieces.MOST_PIECES
    assert len(pieces.letters("x" * 1_000_000)) <= pieces.MOST_PIECES
