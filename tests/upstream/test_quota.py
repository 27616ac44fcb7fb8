"""What Copilot says about the plan is read from its headers."""

import pytest

from copilot_api.upstream.quota import Quota, parse_quotas


def test_the_documented_headers_are_read() -> None:
    found = parse_quotas(
        {
            "X-Quota-Snapshot-Premium_Interactions": (
                "ent=7000&ov=0.0&ovPerm=true&rem=87.4&rst=2026-12-01T00%3A00%3A00Z&totRem=6121"
            ),
            "x-quota-snapshot-chat": "ent=-1&ov=1.5&ovPerm=false&rem=100.0&rst=2026-12-01T00%3A00%3A00Z&new=1",
            "content-type": "application/json",
        }
    )
    assert found == {
        "premium_interactions": Quota(
            name="premium_interactions",
            percent=87.4,
            entitlement=7000,
            remaining=6121,
            overage_permitted=True,
            resets_at="2026-12-01T00:00:00Z",
        ),
        "chat": Quota(name="chat", percent=100.0, overage=1.5, resets_at="2026-12-01T00:00:00Z"),
    }


@pytest.mark.parametrize("value", ["", "ent=5", "rem=much", "rem=nan", "%%%"])
def test_a_header_that_cannot_be_read_is_left_out(value: str) -> None:
    assert parse_quotas({"x-quota-snapshot-chat": value}) == {}


def test_an_overdrawn_plan_has_less_than_nothing() -> None:
    assert parse_quotas({"x-quota-snapshot-chat": "rem=-3.5&ent=x"})["chat"] == Quota(name="chat", percent=-3.5)
