from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.models import Model
from copilot_api.tokens import images
from copilot_api.tokens.images import UNKNOWN, claude_size, in_document, on_claude, on_gemini, opaque
from copilot_api.tokens.prompt import Document, Image

Size = tuple[int, int]


@pytest.mark.parametrize(
    ("size", "standard", "standard_tokens", "high", "high_tokens"),
    [
        ((200, 200), (200, 200), 64, (200, 200), 64),
        ((1000, 1000), (1000, 1000), 1296, (1000, 1000), 1296),
        ((1280, 800), (1280, 800), 1334, (1280, 800), 1334),
        ((1920, 1080), (1456, 819), 1560, (1920, 1080), 2691),
        ((3840, 2160), (1456, 819), 1560, (2576, 1449), 4784),
        ((4032, 3024), (1270, 952), 1564, (2212, 1659), 4740),
        ((3024, 1964), (1372, 891), 1568, (2380, 1546), 4760),
    ],
)
def test_claude_scales_and_counts_as_published(
    size: Size, standard: Size, standard_tokens: int, high: Size, high_tokens: int
) -> None:
    assert claude_size(size, is_newer=False) == standard
    assert on_claude(size, is_newer=False) == standard_tokens
    assert claude_size(size, is_newer=True) == high
    assert on_claude(size, is_newer=True) == high_tokens


def test_a_picture_standing_upright_counts_like_one_lying() -> None:
    assert claude_size((1080, 1920), is_newer=False) == (819, 1456)
    assert on_claude((1080, 1920), is_newer=False) == 1560


@given(st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)), st.booleans())
def test_no_picture_breaks_claudes_limits(size: Size, is_newer: bool) -> None:
    edge, budget = (2576, 4784) if is_newer else (1568, 1568)
    assert 1 <= on_claude(size, is_newer=is_newer) <= budget
    assert max(claude_size(size, is_newer=is_newer)) <= edge


@pytest.mark.parametrize(
    ("size", "expected"),
    [((384, 384), 258), ((385, 100), 258), ((768, 768), 258), ((769, 768), 516), ((1920, 1080), 6 * 258)],
)
def test_gemini_counts_tiles_of_768_px(size: Size, expected: int) -> None:
    assert on_gemini(size) == expected


def test_each_maker_counts_a_picture_in_its_own_way(models: dict[str, Model], png: Callable[[int, int], str]) -> None:
    picture = [Image(data=png(1920, 1080))]
    assert {name: images.tokens(picture, model) for name, model in models.items()} == {
        "gpt-4o": 1105,
        "gpt-4": 1105,
        "gpt-5-mini": 2442,
        "grok": 1105,
        "gemini": 1548,
        "claude-old": 1560,
        "claude-new": 2691,
    }


@pytest.mark.parametrize("data", ["", "AAAA", "not base64 at all", "PHN2Zz48L3N2Zz4="])
def test_a_picture_we_cannot_read_counts_1600(models: dict[str, Model], data: str) -> None:
    assert UNKNOWN == 1600
    assert [images.tokens([Image(data=data)], model) for model in models.values()] == [1600] * len(models)


def test_low_detail_is_the_base_price_where_there_is_one(models: dict[str, Model], png: Callable[[int, int], str]) -> None:
    picture = [Image(data=png(1920, 1080), detail="low")]
    assert images.tokens(picture, models["gpt-4o"]) == 85
    assert images.tokens(picture, models["claude-old"]) == 1560


def test_a_pdf_counts_a_token_for_eight_bytes() -> None:
    assert in_document(Document(base64_chars=4 * 8000)) == 3000
    assert in_document(Document(base64_chars=10)) == 1
    assert in_document(Document()) == 3000


def test_opaque_bytes_round_up() -> None:
    assert opaque(0, per_token=4) == 0
    assert opaque(8, per_token=4) == 2
    assert opaque(1000, per_token=4) == 188
