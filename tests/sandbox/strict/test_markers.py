from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import markers

TTL = frozenset({"extended-cache-ttl-2025-04-11"})
MARK: Json = {"type": "ephemeral"}


def body(*marks: Any) -> Json:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": m} for m in marks]}]}


def test_four_markers_wherever_they_stand() -> None:
    four = body(MARK, MARK) | {"system": [{"cache_control": MARK}], "tools": [{"cache_control": MARK}]}
    markers.check(four, frozenset())
    with pytest.raises(Refusal, match=r"A maximum of 4 blocks with cache_control may be provided\. Found 5\."):
        markers.check(four | body(MARK, MARK, MARK), frozenset())


def test_a_scope_is_always_refused() -> None:
    system = {"system": [{"text": "a"}, {"cache_control": MARK | {"scope": "global"}}]}
    with pytest.raises(Refusal, match=r"^system\.1\.cache_control\.ephemeral\.scope: Extra inputs are not permitted$"):
        markers.check(body() | system, TTL)


def test_a_ttl_needs_its_beta() -> None:
    with pytest.raises(Refusal, match=r"^messages\.0\.content\.0\.cache_control\.ephemeral\.ttl: Extra inputs"):
        markers.check(body(MARK | {"ttl": "1h"}), frozenset())
    markers.check(body(MARK | {"ttl": "1h"}, MARK | {"ttl": "5m"}), TTL)


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ({}, "Input tag should be 'ephemeral'"),
        ({"type": "persistent"}, "Input tag should be 'ephemeral'"),
        ("ephemeral", "Input tag should be 'ephemeral'"),
        (MARK | {"ttl": "2h"}, "Input should be '5m' or '1h'"),
        (MARK | {"x": 1}, "ephemeral.x: Extra inputs"),
    ],
)
def test_what_is_no_marker(marker: Any, says: str) -> None:
    with pytest.raises(Refusal) as raised:
        markers.check(body(marker), TTL)
    assert says in raised.value.message


def test_no_marker_is_no_marker() -> None:
    markers.check(body(None, None, None, None, None, MARK), frozenset())
