"""Plans of every kind are read for what they are: credits, requests, unlimited, overdrawn, and shapes of long ago."""

from typing import Any

import pytest

from copilot_api.upstream.plan import Bucket, parse_plan
from tests.builders.plans import account_with


async def test_credits() -> None:
    plan = parse_plan(await account_with("credits"))
    premium = plan.buckets["premium_interactions"]
    assert (plan.login, plan.name, plan.resets, plan.unit) == ("sandbox-dev", "individual_pro", "2026-12-01", "AI credits")
    assert premium.is_metered
    assert premium.overage_permitted
    assert (premium.entitlement, round(premium.used, 2), premium.percent_remaining) == (7000.0, 878.6, 87.4)
    assert round(premium.percent_used, 1) == 12.6
    assert plan.buckets["chat"].is_unlimited
    assert not plan.buckets["chat"].is_metered


async def test_premium_requests() -> None:
    plan = parse_plan(await account_with("legacy"))
    assert plan.unit == "premium requests"
    assert round(plan.buckets["premium_interactions"].used, 2) == 57.33


async def test_more_used_than_granted() -> None:
    premium = parse_plan(await account_with("overdrawn")).buckets["premium_interactions"]
    assert (premium.remaining, round(premium.used, 1), premium.percent_remaining) == (-114.5, 2014.5, -6.0)
    assert round(premium.percent_used) == 106


async def test_todays_free_plan_has_no_premium_allowance() -> None:
    premium = parse_plan(await account_with("free")).buckets["premium_interactions"]
    assert not premium.is_metered
    assert not premium.is_unlimited
    assert premium.percent_used == 0.0


async def test_the_old_free_plan() -> None:
    plan = parse_plan(await account_with("free_legacy"))
    assert plan.resets == "2026-12-01"
    assert set(plan.buckets) == {"chat", "completions"}
    chat = plan.buckets["chat"]
    assert (chat.entitlement, chat.remaining, chat.used, chat.percent_remaining) == (50.0, 37.0, 13.0, 74.0)


async def test_a_plan_without_numbers() -> None:
    assert parse_plan(await account_with("bare")).buckets == {}
    assert parse_plan({}).name == ""


@pytest.mark.parametrize(
    ("snapshot", "bucket"),
    [
        ({"entitlement": -1}, Bucket(name="x", entitlement=-1.0, is_unlimited=True)),
        ({"entitlement": 10, "remaining": 4}, Bucket(name="x", entitlement=10.0, remaining=4.0, percent_remaining=40.0)),
        ({"entitlement": "many", "remaining": True, "percent_remaining": float("nan")}, Bucket(name="x")),
        ("nonsense", Bucket(name="x")),
    ],
)
def test_odd_snapshots_do_no_harm(snapshot: Any, bucket: Bucket) -> None:
    assert parse_plan({"quota_snapshots": {"x": snapshot}}).buckets == {"x": bucket}
