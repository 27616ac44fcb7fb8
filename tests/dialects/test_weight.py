import pytest

from copilot_api.dialects import weight
from copilot_api.dialects.weight import Weight
from copilot_api.errors import UpstreamBroke


def test_up_to_the_limit_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight, "LIMIT", 10)
    kept = Weight()
    kept.add(4)
    kept.add(6)
    with pytest.raises(UpstreamBroke, match="than any answer holds"):
        kept.add(1)


def test_the_longest_answers_of_today_are_far_below_it() -> None:
    """128,000 tokens, each a piece of its own; a call of 17 MB in 27,643 pieces, as one was seen to be (users.md)."""
    kept = Weight()
    kept.add(128_000 * (weight.PIECE + 4) + 200 * weight.BLOCK)
    kept = Weight()
    kept.add(27_643 * weight.PIECE + 17_000_000)
