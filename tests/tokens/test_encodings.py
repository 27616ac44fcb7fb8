import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import tiktoken_ext.openai_public
from hypothesis import given, settings
from hypothesis import strategies as st

from copilot_api.errors import ClientMistake
from copilot_api.tokens import encodings as module
from copilot_api.tokens.encodings import PIECE_CHARS, RECIPES, Encodings, known, pieces


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


# text, o200k_base ids, cl100k_base ids
VECTORS = [
    ("tiktoken is great!", [83, 8251, 2488, 382, 2212, 0], [83, 1609, 5963, 374, 2294, 0]),
    ("antidisestablishmentarianism", [493, 129901, 376, 160388, 21203, 2367], [519, 85342, 34500, 479, 8997, 2191]),
    ("2 + 2 = 4", [17, 659, 220, 17, 314, 220, 19], [17, 489, 220, 17, 284, 220, 19]),
    (
        "お誕生日おめでとう",
        [8930, 9697, 243, 128225, 8930, 17693, 4344, 48669],
        [33334, 45918, 243, 21990, 9080, 33334, 62004, 16556, 78699],
    ),
    ("", [], []),
    ("hello world", [24912, 2375], [15339, 1917]),
    ("Hello, world!", [13225, 11, 2375, 0], [9906, 11, 1917, 0]),
    (" hello", [40617], [24748]),
    ("hello\n\nworld", [24912, 279, 24169], [15339, 271, 14957]),
    ("    return x + 1\n", [271, 622, 1215, 659, 220, 16, 198], [262, 471, 865, 489, 220, 16, 198]),
    ("👋🏽 hi", [28823, 233, 52622, 121, 5911], [9468, 239, 233, 9468, 237, 121, 15960]),
    ("こんにちは世界", [95839, 28428], [90115, 3574, 244, 98220]),
    (
        "The quick brown fox jumps over the lazy dog.",
        [976, 4853, 19705, 68347, 65613, 1072, 290, 29082, 6446, 13],
        [791, 4062, 14198, 39935, 35308, 927, 279, 16053, 5679, 13],
    ),
    (
        '{"location":"San Francisco, CA","unit":"celsius"}',
        [10848, 7693, 7534, 28499, 18826, 11, 13180, 4294, 5400, 7534, 66, 63110, 18583],
        [5018, 2588, 3332, 24661, 13175, 11, 9362, 2247, 3928, 3332, 66, 41347, 9388],
    ),
    ("getUserById_v2", [522, 1844, 1582, 906, 5390, 17], [29540, 2787, 2325, 17]),
    ("0123456789", [19267, 22901, 30833, 24], [11531, 12901, 17458, 24]),
    (" " * 16, [408], [338]),
    ("a\tb\r\nc", [64, 3722, 370, 66], [64, 2282, 319, 66]),
    (
        "naïve café — “quotes”",
        [1503, 9954, 737, 30469, 2733, 966, 136724, 693],
        [3458, 38672, 588, 53050, 2001, 1054, 54382, 863],
    ),
    ("<|endoftext|>", [27, 91, 419, 1440, 919, 91, 29], [27, 91, 8862, 728, 428, 91, 29]),
    ("I'll we've DON'T", [67504, 24716, 153384], [40, 3358, 584, 3077, 45373, 17773]),
    (
        "def f(n):\n    if n < 2:\n        return n\n    return f(n-1) + f(n-2)\n",
        numbers(
            "1314,285,2406,1883,271,538,297,464,220,17,734,309,622,297,198,271,622,285,2406,12,16,8,659,285,2406,12,17,446"
        ),
        numbers("755,282,1471,997,262,422,308,366,220,17,512,286,471,308,198,262,471,282,1471,12,16,8,489,282,1471,12,17,340"),
    ),
]
AWKWARD = st.text(st.sampled_from(list("abcXYZ019 \n\r\t.,:;'\"(){}[]_-/\\|é漢\u0301\u00a0👋sdmtlvre")), max_size=60)


@pytest.mark.parametrize(("text", "o200k", "cl100k"), VECTORS, ids=[repr(text[:20]) for text, *_ in VECTORS])
def test_published_vectors(encodings: Encodings, text: str, o200k: list[int], cl100k: list[int]) -> None:
    assert encodings.encode(text, "o200k_base") == o200k
    assert encodings.encode(text, "cl100k_base") == cl100k
    assert encodings.count(text, "o200k_base") == len(o200k)
    assert encodings.decode(cl100k, "cl100k_base") == text


@pytest.mark.parametrize(
    ("tokenizer", "ids"),
    [
        ("p50k_base", [31373, 220, 220, 220, 995]),
        ("p50k_edit", [31373, 220, 220, 220, 995]),
        ("r50k_base", [31373, 220, 220, 220, 995]),
    ],
)
def test_the_older_encodings_the_original_knew(encodings: Encodings, tokenizer: str, ids: list[int]) -> None:
    assert encodings.decode(ids, tokenizer) == "hello    world"
    assert encodings.encode("hello world", tokenizer) == [31373, 995]


def test_p50k_has_runs_of_blanks_that_r50k_lacks(encodings: Encodings) -> None:
    assert encodings.encode("    x", "p50k_base") == [50258, 2124]
    assert encodings.encode("    x", "p50k_edit") == [50258, 2124]
    assert encodings.encode("    x", "r50k_base") == [220, 220, 220, 2124]


@pytest.mark.parametrize("name", RECIPES)
def test_patterns_and_special_tokens_are_those_of_tiktoken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    public = tiktoken_ext.openai_public
    monkeypatch.setattr(public, "load_tiktoken_bpe", lambda url, expected_hash: url if expected_hash else "")
    theirs = public.ENCODING_CONSTRUCTORS[name]()
    assert RECIPES[name].pattern == theirs["pat_str"]
    assert RECIPES[name].special == theirs["special_tokens"]
    assert theirs["mergeable_ranks"].endswith(f"/{RECIPES[name].ranks}.tiktoken")


@pytest.mark.parametrize("name", ["", "gpt2", "o300k_base", "O200K_BASE"])
def test_an_unknown_tokenizer_is_taken_for_o200k(encodings: Encodings, name: str) -> None:
    assert known(name) == "o200k_base"
    assert encodings.encode("hello world", name) == [24912, 2375]


def test_special_tokens_can_be_decoded_but_are_never_made_from_text(encodings: Encodings) -> None:
    assert encodings.decode([100257], "cl100k_base") == "<|endoftext|>"
    assert 100257 not in encodings.encode("a<|endoftext|>b<|fim_prefix|>", "cl100k_base")


@pytest.mark.parametrize("wrong", [[10**9], [-1], [10**30], [199998], ["a"], [None], [1.5]])
def test_a_token_id_that_does_not_exist_is_the_clients_mistake(encodings: Encodings, wrong: list[int]) -> None:
    with pytest.raises(ClientMistake, match="a token id that o200k_base does not have"):
        encodings.decode(wrong, "o200k_base")


def test_half_a_character_decodes_to_the_replacement_character(encodings: Encodings) -> None:
    assert encodings.decode([28823], "o200k_base") == "\ufffd"


def test_lone_surrogates_are_counted_not_refused(encodings: Encodings) -> None:
    assert encodings.count("a\ud800b", "o200k_base") == encodings.count("a\ufffdb", "o200k_base")


def test_the_ranks_are_let_go_once_an_encoding_stands(encodings: Encodings) -> None:
    assert encodings._get("o200k_base")._mergeable_ranks == {}


def test_threads_that_come_together_get_one_encoding() -> None:
    fresh = Encodings()
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(fresh._get, ["r50k_base"] * 8))
    assert len({id(encoding) for encoding in built}) == 1


def test_nothing_is_downloaded_and_nothing_heavy_is_imported_before_the_first_count() -> None:
    script = """
import sys
sys.addaudithook(lambda event, args: sys.exit(event) if event.startswith("socket.") else None)
from copilot_api.tokens import Counter
counter = Counter()
assert "tiktoken" not in sys.modules
assert counter.count_text("hello world") == 2
assert not {"requests", "tiktoken_ext.openai_public"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


# Long texts


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a" * 100_000, 12_500),
        ("a" * 4_000_000, 500_000),
        (" " * 4_000_000 + "x", 31_361),
        ("\n" * 1_000_000, 62_500),
        ("漢" * 50_000, 50_000),
        (" \n" * 500_000 + "x", 250_001),
        ("QUJD" * 250_000, 500_000),
    ],
    ids=["letters", "4 MB of letters", "4 MB of blanks", "lines", "han", "blank lines", "base64"],
)
def test_a_run_without_words_takes_no_more_than_a_moment(encodings: Encodings, text: str, tokens: int) -> None:
    encodings.build("o200k_base")
    started = time.perf_counter()
    assert encodings.count(text, "o200k_base") == tokens
    assert time.perf_counter() - started < 5


def test_a_run_that_makes_tiktoken_panic_is_counted_in_every_encoding(encodings: Encodings) -> None:
    for name in RECIPES:
        assert encodings.count(" " * 1_000_001 + "x", name) > 7_000


def test_a_long_text_is_cut_where_no_token_changes(encodings: Encodings) -> None:
    text = "".join(f"Line {n}: the naïve café isn't 'quoted' — {n * n:,} bytes\n\n  indented(x);" for n in range(8_000))
    assert len(text) > 8 * PIECE_CHARS
    whole = encodings._get("o200k_base").encode_ordinary(text)
    assert encodings.encode(text, "o200k_base") == whole


@given(st.text(max_size=50), st.integers(1, 4), st.integers(0, PIECE_CHARS))
@settings(max_examples=30, deadline=None)
def test_pieces_are_the_text_and_none_is_too_long(seed: str, times: int, extra: int) -> None:
    text = (seed or "x") * (times * PIECE_CHARS // len(seed or "x")) + "y" * extra
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(0 < len(piece) <= PIECE_CHARS for piece in cut)


def test_an_empty_text_is_one_empty_piece() -> None:
    assert list(pieces("")) == [""]


@given(AWKWARD)
@settings(max_examples=300, deadline=None)
def test_no_encoding_puts_a_token_across_a_seam(encodings: Encodings, text: str) -> None:
    for seam in re.finditer(module._SEAM, text):
        for name in ("o200k_base", "cl100k_base", "p50k_base"):
            encoding = encodings._get(name)
            left, right = text[: seam.start()], text[seam.start() :]
            assert encoding.encode_ordinary(left) + encoding.encode_ordinary(right) == encoding.encode_ordinary(text)
