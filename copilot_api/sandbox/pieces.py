"""Cuts a text into the pieces a stream sends, as a model would: a word or a few at a time."""

import re

MOST_PIECES = 200


def words(text: str) -> list[str]:
    """The text word by word, in at most `MOST_PIECES` pieces. Joined they are the text."""
    return _grouped(re.findall(r"\s*\S+|\s+$", text))


def letters(text: str, size: int = 12) -> list[str]:
    """The text `size` characters at a time, in at most `MOST_PIECES` pieces."""
    return _grouped([text[i : i + size] for i in range(0, len(text), size)])


def _grouped(parts: list[str]) -> list[str]:
    count = -(-len(parts) // MOST_PIECES)
    return ["".join(parts[i : i + count]) for i in range(0, len(parts), count)] if count else []
