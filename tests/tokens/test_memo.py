import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

from copilot_api.tokens.memo import ENTRY_BYTES, Memo, key


def test_a_count_is_remembered_for_the_rule_and_text_it_was_made_for() -> None:
    memo = Memo(10_000)
    memo.keep(key("o200k_base", "hello world"), 2)
    assert memo.recall(key("o200k_base", "hello " + "world")) == 2
    assert memo.recall(key("cl100k_base", "hello world")) is None
    assert memo.recall(key("o200k_base", "hello worlds")) is None


def test_a_count_of_nothing_is_remembered_too() -> None:
    memo = Memo(10_000)
    memo.keep(key("rule", "x"), 0)
    assert memo.recall(key("rule", "x")) == 0


def test_the_least_recently_used_is_forgotten_first() -> None:
    memo = Memo(3 * ENTRY_BYTES)
    keys = [key("rule", text) for text in "abcd"]
    for number, each in enumerate(keys[:3]):
        memo.keep(each, number)
    memo.recall(keys[0])
    memo.keep(keys[3], 3)
    assert [memo.recall(each) for each in keys] == [0, None, 2, 3]


def test_keeping_a_count_again_makes_it_recent_and_takes_no_more_room() -> None:
    memo = Memo(2 * ENTRY_BYTES)
    first, second, third = (key("rule", text) for text in "abc")
    memo.keep(first, 1)
    memo.keep(second, 2)
    memo.keep(first, 1)
    memo.keep(third, 3)
    assert [memo.recall(each) for each in (first, second, third)] == [1, None, 3]


def test_memory_stays_below_the_limit_however_long_the_texts() -> None:
    limit = 1_000_000
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        memo = Memo(limit)
        for number in range(3 * limit // ENTRY_BYTES):
            memo.keep(key("o200k_base", f"{number} " + "long " * 1000), random.randrange(300, 100_000))
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert limit * 0.6 < used < limit


def test_a_limit_too_small_for_one_entry_still_holds_the_newest() -> None:
    memo = Memo(0)
    memo.keep(key("rule", "a"), 1)
    memo.keep(key("rule", "b"), 2)
    assert memo.recall(key("rule", "a")) is None
    assert memo.recall(key("rule", "b")) == 2


def test_threads_may_share_it() -> None:
    memo = Memo(100 * ENTRY_BYTES)

    def work(seed: int) -> bool:
        for number in range(2_000):
            name = key("rule", str((number * 7 + seed) % 300))
            memo.keep(name, number)
            memo.recall(key("rule", str(number % 300)))
        return True

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(4)))
