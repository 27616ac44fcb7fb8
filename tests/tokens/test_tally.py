from copilot_api.tokens.encodings import Encodings
from copilot_api.tokens.memo import Memo, key
from copilot_api.tokens.tally import Tally


def test_a_text_is_tokenized_once(encodings: Encodings) -> None:
    memo = Memo(10_000)
    tally = Tally(encodings, memo, "o200k_base")
    assert tally.text("hello world") == 2
    memo.keep(key("o200k_base", "hello world"), 99)
    assert tally.text("hello world") == 99


def test_tallies_that_share_a_memo_keep_their_encodings_apart(encodings: Encodings) -> None:
    memo = Memo(10_000)
    text = "getUserById_v2"
    assert Tally(encodings, memo, "o200k_base").text(text) == 6
    assert Tally(encodings, memo, "cl100k_base").text(text) == 4


def test_json_is_counted_in_its_compact_form(tally: Tally) -> None:
    value = {"location": "San Francisco, CA", "unit": "celsius"}
    assert tally.json(value) == tally.text('{"location":"San Francisco, CA","unit":"celsius"}') == 13


def test_nothing_is_no_token(tally: Tally) -> None:
    assert tally.text("") == 0


def test_a_rules_work_is_done_once_for_a_subject(tally: Tally) -> None:
    worked = []

    def work() -> int:
        worked.append(1)
        return 7

    assert [tally.once("rule", {"name": "a"}, work) for _ in range(3)] == [7, 7, 7]
    assert tally.once("other rule", {"name": "a"}, work) == 7
    assert tally.once("rule", {"name": "b"}, work) == 7
    assert len(worked) == 3
