"""Whatever bytes come: no crash, no hang, nothing but the errors that the house knows."""

import random
from pathlib import Path

import pytest

from tests.builders.fuzzers import Fuzzers
from tests.fuzz import seeds
from tests.fuzz.dice import Dice
from tests.fuzz.targets import TARGETS

INPUTS = 120
SHORT_S = 25
NIGHT_S = 600 // len(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_what_to_begin_with_and_some_bytes_of_chance_break_nothing(target: str) -> None:
    rnd = random.Random(f"some bytes for {target}")
    some = [rnd.randbytes(rnd.choice((0, 1, 8, 40, 200))) for _ in range(INPUTS)]
    for data in (*seeds.corpus(target), *some):
        TARGETS[target](data)


def search(fuzzers: Fuzzers, target: str, folder: Path, seconds: int, corpus: list[bytes]) -> None:
    (folder / "corpus").mkdir(parents=True)
    for number, data in enumerate(corpus):
        (folder / "corpus" / str(number)).write_bytes(data)
    done = fuzzers.fuzz(target, folder, seconds)
    found = [path.read_bytes().hex() for path in folder.glob("found-*")]
    assert (done.returncode, found) == (0, []), done.stdout[-3000:] + done.stderr[-1000:]
    assert "DONE" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_search_that_is_led_by_coverage_finds_nothing_soon(fuzzers: Fuzzers, tmp_path: Path) -> None:
    corpus = [bytes((number,)) + data for number, target in enumerate(TARGETS) for data in seeds.corpus(target)]
    search(fuzzers, "anything", tmp_path, SHORT_S, corpus)


@pytest.mark.nightly
@pytest.mark.timeout(NIGHT_S + 180)
@pytest.mark.parametrize("target", TARGETS)
def test_a_search_that_is_led_by_coverage_finds_nothing_in_ten_minutes(fuzzers: Fuzzers, target: str, tmp_path: Path) -> None:
    search(fuzzers, target, tmp_path, NIGHT_S, seeds.corpus(target))


def test_a_search_can_find_something() -> None:
    """Decisions by bytes reach every kind of damage: in a thousand throws, each of them."""
    rnd = random.Random(5)
    good = {"a": ["x", {"b": 1}], "c": "text"}
    seen = [Dice(rnd.randbytes(40)).bent(good) for _ in range(1000)]
    assert good == {"a": ["x", {"b": 1}], "c": "text"}
    assert any("a" not in one for one in seen)
    assert any(one.get("c") is None and "c" in one for one in seen)
    assert any(isinstance(one.get("a"), list) and len(one["a"]) == 3 for one in seen)
    assert any(str(one).count("{") > 40 for one in seen)
