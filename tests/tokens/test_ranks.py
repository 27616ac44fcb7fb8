import base64
import hashlib

import pytest

from copilot_api.tokens import ranks


@pytest.mark.parametrize("name", ranks.SHA256)
def test_the_published_file_can_be_written_again_byte_for_byte(name: str) -> None:
    lines = (base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.load(name).items())
    assert hashlib.sha256(b"".join(lines)).hexdigest() == ranks.SHA256[name]


def test_numbers_of_ranks() -> None:
    assert {name: len(ranks.load(name)) for name in ranks.SHA256} == {
        "o200k_base": 199_998,
        "cl100k_base": 100_256,
        "p50k_base": 50_280,
        "r50k_base": 50_256,
    }


def test_the_rank_that_p50k_leaves_to_its_special_token_stays_free() -> None:
    loaded = ranks.load("p50k_base")
    assert 50256 not in loaded.values()
    assert max(loaded.values()) == 50280


def test_the_licence_lies_next_to_the_data() -> None:
    notice = (ranks.FOLDER / "NOTICE").read_text("utf-8")
    assert "Copyright (c) 2022 OpenAI, Shantanu Jain" in notice
    assert all(path.name in notice for path in ranks.FOLDER.glob("*.ranks"))
