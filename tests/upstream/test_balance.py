"""What is left of the plan: of all allowances the one that matters, by whoever told of it last."""

from typing import Any

import pytest

from copilot_api.sandbox.accounts import Accounts, Plan
from copilot_api.sandbox.plans import quota_headers, user
from copilot_api.upstream.balance import Balance, of_plan, updated
from copilot_api.upstream.plan import parse_plan
from copilot_api.upstream.quota import Quota, parse_quotas

CREDITS = Balance(
    unit="AI credits",
    remaining=6121.4,
    entitlement=7000,
    resets="2026-12-01",
    is_capped=False,
    bucket="premium_interactions",
)


def accounts(plan: Plan) -> Accounts:
    return Accounts(plan=plan, clock=lambda: 0.0, token_life_s=60)


@pytest.mark.parametrize(
    ("plan", "balance"),
    [
        ("credits", CREDITS),
        (
            "legacy",
            Balance(
                unit="premium requests",
                remaining=242.67,
                entitlement=300,
                resets="2026-12-01",
                bucket="premium_interactions",
            ),
        ),
        ("free_legacy", Balance(unit="chat requests", remaining=37, entitlement=50, resets="2026-12-01", bucket="chat")),
        (
            "overdrawn",
            Balance(
                unit="AI credits",
                remaining=-114.5,
                entitlement=1900,
                resets="2026-12-01",
                is_capped=False,
                bucket="premium_interactions",
            ),
        ),
        ("free", None),
        ("unlimited", None),
        ("bare", None),
    ],
)
def test_each_plan_has_its_balance(plan: Plan, balance: Balance | None) -> None:
    assert of_plan(parse_plan(user(accounts(plan), {}))) == balance


def test_the_newer_allowance_for_models_comes_first() -> None:
    snapshots = {name: {"entitlement": 10, "quota_remaining": 5} for name in ("chat", "premium_interactions", "premium_models")}
    found = of_plan(parse_plan({"quota_snapshots": snapshots}))
    assert found is not None
    assert found.bucket == "premium_models"


@pytest.mark.parametrize("plan", ["credits", "legacy", "overdrawn"])
def test_an_answer_says_the_same_as_the_plan(plan: Plan) -> None:
    """But for the fraction of a credit, which headers do not tell, and the hour of the day at which all begins anew."""
    account = accounts(plan)
    before = of_plan(parse_plan(user(account, {})))
    after = updated(before, parse_quotas(quota_headers(account)))
    assert before is not None
    assert after is not None
    assert after.remaining == int(before.remaining)
    assert (after.unit, after.entitlement, after.is_capped) == (before.unit, before.entitlement, before.is_capped)
    assert after.resets.startswith(before.resets)


@pytest.mark.parametrize(
    ("quota", "remaining"),
    [
        ({"percent": 50.0, "entitlement": 7000}, 3500),
        ({"percent": -1.0, "entitlement": 7000, "remaining": -70}, -70),
        ({"percent": 0.0, "remaining": 0, "overage": 12.5}, -12.5),
        ({"percent": 25.0, "entitlement": None}, 1750),
        ({"percent": 25.0, "entitlement": 0.0, "remaining": 3}, 6121.4),
    ],
)
def test_what_an_answer_leaves_out_is_made_up_from_the_rest(quota: dict[str, Any], remaining: float) -> None:
    after = updated(CREDITS, {"premium_interactions": Quota(name="premium_interactions", **quota)})
    assert after is not None
    assert after.remaining == remaining


def test_nothing_is_made_of_what_cannot_be_read() -> None:
    """Headers name no unit, and other allowances are none of ours."""
    quotas = {"chat": Quota(name="chat", percent=1.0, entitlement=5, remaining=1)}
    assert updated(None, quotas) is None
    assert updated(CREDITS, quotas) is CREDITS


@pytest.mark.parametrize(("remaining", "share"), [(7000, 0.0), (1750, 0.75), (0, 1.0), (-700, 1.1)])
def test_what_is_used_of_a_plan_is_what_is_not_left(remaining: float, share: float) -> None:
    assert Balance(unit="AI credits", remaining=remaining, entitlement=7000).share_used == pytest.approx(share)


def test_of_a_plan_without_an_allowance_nothing_is_used() -> None:
    assert Balance(unit="AI credits", remaining=0, entitlement=0).share_used == 0
