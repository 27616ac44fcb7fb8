import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.tokens.openai_images import PATCH_PX, Patches, patches, scaled, tokens

Size = tuple[int, int]
HIGH_1536 = Patches(budget=1536)


@pytest.mark.parametrize(
    ("size", "detail", "expected"),
    [
        ((1024, 1024), "high", 765),
        ((2048, 4096), "high", 1105),
        ((4096, 8192), "low", 85),
        ((1920, 1080), "high", 1105),
        ((800, 600), "high", 765),
        ((512, 512), "auto", 765),
        ((1, 1), "auto", 765),
    ],
)
def test_published_tile_examples(size: Size, detail: str, expected: int) -> None:
    assert tokens(size, detail, "gpt-4o") == expected


@pytest.mark.parametrize(
    ("model", "low", "high"),
    [
        ("gpt-4o-2024-11-20", 85, 765),
        ("gpt-4.1", 85, 765),
        ("gpt-4.5-preview", 85, 765),
        ("gpt-4o-mini", 2833, 2833 + 4 * 5667),
        ("o1", 75, 675),
        ("o1-pro", 75, 675),
        ("o3", 75, 675),
        ("gpt-5", 70, 630),
        ("gpt-5-chat-latest", 70, 630),
        ("gpt-5.1", 70, 630),
        ("computer-use-preview", 65, 581),
        ("grok-4.7", 85, 765),
    ],
)
def test_tile_prices_by_model(model: str, low: int, high: int) -> None:
    assert tokens((1024, 1024), "low", model) == low
    assert tokens((1024, 1024), "high", model) == high


@pytest.mark.parametrize(
    ("size", "fitted", "count"),
    [
        ((1024, 1024), (1024, 1024), 1024),
        ((1800, 2400), (1056, 1408), 1452),
        ((4000, 1474), (1997, 736), 1449),
    ],
)
def test_published_patch_examples(size: Size, fitted: Size, count: int) -> None:
    assert scaled(size, 1536) == fitted
    assert HIGH_1536.tokens(size, "high") == count
    assert Patches(budget=1536, multiplier=1.62).tokens(size, "high") == int(count * 1.62)


def test_what_a_person_was_billed_for_a_wide_picture_follows_from_the_limit_on_its_side() -> None:
    assert tokens((4000, 1474), "high", "gpt-5-mini") == 2488


@pytest.mark.parametrize(
    ("model", "size", "detail", "expected"),
    [
        ("gpt-5-mini", (1024, 1024), "auto", 1658),
        ("gpt-5.4-mini", (1024, 1024), "auto", 1658),
        ("gpt-4.1-mini", (1024, 1024), "auto", 1658),
        ("raptor-mini", (1024, 1024), "auto", 1658),
        ("gpt-5-nano", (1024, 1024), "auto", 2519),
        ("gpt-4.1-nano", (1024, 1024), "auto", 2519),
        ("o4-mini", (1024, 1024), "auto", 1761),
        ("gpt-5.2", (1800, 2400), "auto", 1452),
        ("gpt-5.3-codex", (1800, 2400), "auto", 1452),
        ("gpt-5.1-codex", (1800, 2400), "auto", 1452),
        ("gpt-5.4", (1600, 1600), "auto", 2500),
        ("gpt-5.4", (3200, 3200), "original", 10_000),
        ("gpt-5.4", (9000, 3000), "original", 9747),
        ("gpt-5.5", (3200, 3200), "auto", 10_000),
        ("gpt-5.5", (3200, 3200), "high", 2500),
        ("gpt-5.6-sol", (6400, 3200), "auto", 20_000),
        ("gpt-6", (6400, 3200), "original", 20_000),
        ("gpt-5.6-sol", (6400, 3200), "high", 2048),
        ("gpt-5.2", (1024, 1024), "low", 1024),
    ],
)
def test_patch_prices_by_model(model: str, size: Size, detail: str, expected: int) -> None:
    assert tokens(size, detail, model) == expected


@given(st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)))
def test_scaling_keeps_the_budget_and_never_enlarges(size: Size) -> None:
    fitted = scaled(size, 1536)
    assert 1 <= fitted[0] <= size[0]
    assert 1 <= fitted[1] <= size[1]
    if min(fitted) >= PATCH_PX:
        assert patches(fitted) <= 1536
    assert 1 <= HIGH_1536.tokens(size, "high") <= 1536


@given(st.tuples(st.integers(1, 100_000), st.integers(1, 100_000)))
def test_no_shape_costs_more_tiles_than_fit_into_the_largest_picture(size: Size) -> None:
    assert 85 + 170 <= tokens(size, "high", "gpt-4o") <= 85 + 8 * 170


def test_a_strip_costs_no_more_than_the_budget() -> None:
    assert HIGH_1536.tokens((1, 100_000), "high") == 1536
    assert tokens((1, 100_000), "high", "gpt-5.4") == 64
