"""What is learned from counts, and what of it is believed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import dumps, loads
from copilot_api.tokens.ratios import HIGH, LOW, MODELS, RULES, Ratios

CLAUDE = "claude-sonnet-4.6"


def learned(*counted: int, estimated: int = 1000) -> Ratios:
    ratios = Ratios()
    for count in counted:
        assert ratios.learn(CLAUDE, estimated=estimated, counted=count)
    return ratios


def test_nothing_is_known_about_a_model_that_was_never_counted() -> None:
    assert learned(1200).corrected("gpt-4.1", 1000) is None
    assert learned().seen(CLAUDE) == 0


def test_one_observation_is_believed() -> None:
    assert learned(1200).corrected(CLAUDE, 500) == 600


def test_what_is_corrected_is_rounded_up() -> None:
    assert learned(1001).corrected(CLAUDE, 1) == 2


def test_the_first_few_observations_count_alike() -> None:
    assert learned(1000, 1200, 1100).corrected(CLAUDE, 1000) == 1100


def test_later_observations_outweigh_earlier_ones() -> None:
    ratios = learned(*[1000] * 20, *[1500] * 20)
    corrected = ratios.corrected(CLAUDE, 1000)
    assert corrected is not None
    assert 1490 <= corrected <= 1500
    assert ratios.seen(CLAUDE) == 40


def test_one_odd_observation_does_not_upset_the_rest() -> None:
    corrected = learned(*[1000] * 20, 900_000).corrected(CLAUDE, 1000)
    assert corrected is not None
    assert corrected <= 1200


@pytest.mark.parametrize(("estimated", "counted"), [(199, 5000), (5000, 199), (0, 0), (-5, 1000)])
def test_small_prompts_teach_nothing(estimated: int, counted: int) -> None:
    ratios = Ratios()
    assert not ratios.learn(CLAUDE, estimated=estimated, counted=counted)
    assert ratios.corrected(CLAUDE, 1000) is None


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=20))
def test_a_correction_stays_within_bounds(observations: list[tuple[int, int]]) -> None:
    ratios = Ratios()
    for estimated, counted in observations:
        ratios.learn(CLAUDE, estimated=estimated, counted=counted)
    corrected = ratios.corrected(CLAUDE, 1000)
    assert corrected is None or LOW * 1000 <= corrected <= HIGH * 1000 + 1


def test_what_was_learned_survives_as_json() -> None:
    ratios = Ratios()
    ratios.load(loads(dumps(learned(1234, 1250).dump())))
    assert ratios.corrected(CLAUDE, 1000) == 1242
    assert ratios.seen(CLAUDE) == 2


@pytest.mark.parametrize(
    "dumped",
    [
        {},
        {"rules": RULES + 1, "models": {CLAUDE: {"ratio": 1.2, "seen": 3}}},
        {"rules": RULES},
        {"rules": RULES, "models": [1]},
        {"rules": RULES, "models": {CLAUDE: 1.2}},
        {"rules": RULES, "models": {CLAUDE: {"ratio": "1.2", "seen": 3}}},
        {"rules": RULES, "models": {CLAUDE: {"ratio": 99, "seen": 3}}},
        {"rules": RULES, "models": {CLAUDE: {"ratio": float("nan"), "seen": 3}}},
        {"rules": RULES, "models": {CLAUDE: {"ratio": 1.2, "seen": 0}}},
    ],
)
def test_what_is_no_record_of_ours_is_passed_over(dumped: Any) -> None:
    ratios = Ratios()
    ratios.load(dumped)
    assert ratios.corrected(CLAUDE, 1000) is None


def test_there_is_an_end_to_the_number_of_models() -> None:
    ratios = Ratios()
    for n in range(MODELS):
        assert ratios.learn(f"m{n}", estimated=1000, counted=1000)
    assert not ratios.learn("one-more", estimated=1000, counted=1000)
    assert ratios.learn("m0", estimated=1000, counted=1000)


def test_threads_lose_no_observation() -> None:
    ratios = Ratios()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ratios.learn(CLAUDE, estimated=1000, counted=1100), range(400)))
    assert (ratios.seen(CLAUDE), ratios.corrected(CLAUDE, 1000)) == (400, 1100)
