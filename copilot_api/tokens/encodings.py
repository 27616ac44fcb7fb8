"""OpenAI's encodings, built from the bundled ranks when first needed.

The patterns and special tokens are data copied from `tiktoken_ext.openai_public`: its constructors would download the ranks,
and a frozen program does not find that module. A test holds this table against it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from copilot_api.dialects.models import DEFAULT_TOKENIZER
from copilot_api.errors import ClientMistake
from copilot_api.tokens import ranks

if TYPE_CHECKING:
    from tiktoken import Encoding

# tiktoken panics on a run of a million blanks, and its time for one long word grows faster than the word.
PIECE_CHARS = 50_000
# Between these two no encoding puts both into one token, so cutting there changes nothing.
_SEAM = re.compile(r"(?<=[!-~]) (?=[A-Za-z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an encoding is made of, apart from its ranks."""

    ranks: str
    pattern: str
    special: dict[str, int]


_O200K_PATTERNS = (
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
    r"""\p{N}{1,3}""",
    r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
    r"""\s*[\r\n]+""",
    r"""\s+(?!\S)""",
    r"""\s+""",
)
_GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""

RECIPES = {
    "o200k_base": Recipe(
        ranks="o200k_base",
        pattern="|".join(_O200K_PATTERNS),
        special={"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
    ),
    "cl100k_base": Recipe(
        ranks="cl100k_base",
        pattern=r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|"""
        r"""\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
        special={
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "p50k_base": Recipe(ranks="p50k_base", pattern=_GPT2_PATTERN, special={"<|endoftext|>": 50256}),
    "p50k_edit": Recipe(
        ranks="p50k_base",
        pattern=_GPT2_PATTERN,
        special={"<|endoftext|>": 50256, "<|fim_prefix|>": 50281, "<|fim_middle|>": 50282, "<|fim_suffix|>": 50283},
    ),
    "r50k_base": Recipe(ranks="r50k_base", pattern=_GPT2_PATTERN, special={"<|endoftext|>": 50256}),
}


def known(tokenizer: str) -> str:
    """`tokenizer` if we have it, else the one Copilot's catalog names for nearly every model."""
    return tokenizer if tokenizer in RECIPES else DEFAULT_TOKENIZER


class Encodings:
    """The encodings built so far. Safe to share between threads."""

    def __init__(self) -> None:
        self._built: dict[str, Encoding] = {}
        self._building = Lock()

    def encode(self, text: str, tokenizer: str) -> list[int]:
        """The token ids of `text`, in which special tokens are text like any other. Never raises."""
        encoding = self._get(tokenizer)
        return [token for piece in pieces(text) for token in encoding.encode_ordinary(piece)]

    def count(self, text: str, tokenizer: str) -> int:
        """How many tokens `text` is. Never raises."""
        encoding = self._get(tokenizer)
        return sum(len(encoding.encode_ordinary(piece)) for piece in pieces(text))

    def decode(self, tokens: list[int], tokenizer: str) -> str:
        """The text of `tokens`; bytes that are not UTF-8 become U+FFFD. Raises ClientMistake for an id that does not exist."""
        try:
            return self._get(tokenizer).decode(tokens)
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            raise ClientMistake(f"The input holds a token id that {known(tokenizer)} does not have", param="input") from error

    def build(self, tokenizer: str) -> None:
        """Makes `tokenizer` ready, once."""
        self._get(tokenizer)

    def _get(self, tokenizer: str) -> "Encoding":
        name = known(tokenizer)
        built = self._built.get(name)
        if built is None:
            with self._building:
                built = self._built.get(name) or _build(name)
                self._built[name] = built
        return built


def pieces(text: str) -> Iterator[str]:
    """`text` in pieces of at most PIECE_CHARS, cut where it changes no token if there is such a place."""
    start = 0
    while len(text) - start > PIECE_CHARS:
        seam = _SEAM.search(text, start + PIECE_CHARS // 2, start + PIECE_CHARS)
        end = seam.start() if seam else start + PIECE_CHARS
        yield text[start:end]
        start = end
    yield text[start:] if start else text


def _build(name: str) -> "Encoding":
    from tiktoken import Encoding

    recipe = RECIPES[name]
    mergeable = ranks.load(recipe.ranks)
    encoding = Encoding(name, pat_str=recipe.pattern, mergeable_ranks=mergeable, special_tokens=recipe.special)
    mergeable.clear()  # tiktoken keeps a copy of its own: 22 MB for nothing
    return encoding
