from typing import get_args
from urllib.parse import parse_qs

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import plans
from copilot_api.sandbox.accounts import Accounts, Plan

ENDPOINTS = {"api": "http://127.0.0.1:1"}


def user(plan: Plan, *, nano: int = 0, premium: float = 0) -> Json:
    accounts = Accounts(plan=plan, clock=lambda: 0.0, token_life_s=1)
    accounts.spend(nano, premium)
    return plans.user(accounts, ENDPOINTS)


def headers(plan: Plan) -> dict[str, dict[str, list[str]]]:
    accounts = Accounts(plan=plan, clock=lambda: 0.0, token_life_s=1)
    return {name: parse_qs(value) for name, value in plans.quota_headers(accounts).items()}


def test_every_plan_has_terms() -> None:
    assert set(plans.PLANS) == set(get_args(Plan))


def test_a_credit_plan_counts_credits() -> None:
    body = user("credits", nano=21_400_000_000)
    assert (body["login"], body["copilot_plan"], body["token_based_billing"]) == ("sandbox-dev", "individual_pro", True)
    assert body["endpoints"] == ENDPOINTS
    assert (body["quota_reset_date"], body["quota_reset_date_utc"]) == ("2026-12-01", "2026-12-01T00:00:00.000Z")
    premium = body["quota_snapshots"]["premium_interactions"]
    assert (premium["entitlement"], premium["credits_used"], premium["quota_remaining"]) == (7000, 900.0, 6100.0)
    assert (premium["remaining"], premium["percent_remaining"], premium["overage_permitted"]) == (6100, 87.1, True)
    assert body["quota_snapshots"]["chat"]["unlimited"] is True


def test_a_legacy_plan_counts_requests() -> None:
    body = user("legacy", nano=10**12, premium=2)
    assert "token_based_billing" not in body
    premium = body["quota_snapshots"]["premium_interactions"]
    assert (premium["entitlement"], premium["quota_remaining"]) == (300, 240.67)
    assert "credits_used" not in premium


def test_a_free_plan_has_no_premium() -> None:
    premium = user("free")["quota_snapshots"]["premium_interactions"]
    assert (premium["entitlement"], premium["has_quota"], premium["percent_remaining"]) == (0, False, 0.0)


def test_the_old_free_plan_has_another_shape() -> None:
    body = user("free_legacy")
    assert "quota_snapshots" not in body
    assert (body["limited_user_quotas"], body["monthly_quotas"]) == (
        {"chat": 37, "completions": 1890},
        {"chat": 50, "completions": 2000},
    )


def test_an_unlimited_plan_meters_nothing() -> None:
    assert all(s["unlimited"] for s in user("unlimited")["quota_snapshots"].values())


def test_an_overdrawn_plan_is_below_zero() -> None:
    premium = user("overdrawn")["quota_snapshots"]["premium_interactions"]
    assert (premium["quota_remaining"], premium["percent_remaining"], premium["overage_count"]) == (-114.5, -6.0, 114)
    assert premium["has_quota"] is True


def test_a_bare_plan_has_no_snapshots() -> None:
    assert "quota_snapshots" not in user("bare")


def test_quota_headers_are_forms() -> None:
    found = headers("credits")
    assert set(found) == {f"x-quota-snapshot-{name}" for name in ("chat", "completions", "premium_interactions")}
    assert found["x-quota-snapshot-premium_interactions"] == {
        "ent": ["7000"],
        "ov": ["0.0"],
        "ovPerm": ["true"],
        "rem": ["87.4"],
        "rst": ["2026-12-01T00:00:00Z"],
        "totRem": ["6121"],
    }
    assert found["x-quota-snapshot-chat"]["ent"] == ["-1"]
    assert "totRem" not in found["x-quota-snapshot-chat"]


@pytest.mark.parametrize("plan", get_args(Plan))
def test_every_plan_has_quota_headers(plan: Plan) -> None:
    assert len(headers(plan)) == 3


def test_a_websocket_has_the_entitlement_as_a_text() -> None:
    def snapshots(plan: Plan) -> Json:
        return plans.socket_snapshots(Accounts(plan=plan, clock=lambda: 0.0, token_life_s=1))

    assert snapshots("legacy")["premium_interactions"] == {
        "entitlement": "300",
        "percent_remaining": 80.9,
        "overage_count": 0,
        "overage_permitted": False,
        "reset_date": "2026-12-01T00:00:00Z",
    }
    assert snapshots("unlimited")["premium_interactions"]["entitlement"] == "-1"
    assert set(snapshots("credits")) == {"chat", "completions", "premium_interactions"}
