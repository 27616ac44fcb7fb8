"""What is left of the plan: one number of the many that GitHub and Copilot tell. Source: copilot-upstream.md §9."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from copilot_api.upstream.plan import Plan
from copilot_api.upstream.quota import Quota

BUCKETS = ("premium_models", "premium_interactions", "chat")
"""The allowance that matters, as VS Code chooses it: the last one is all that the old free plan has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left of the plan, in `unit` ("AI credits", "premium requests"). `resets` is an ISO date, or "".

    `remaining` is below zero when more was used than the plan includes; `is_capped`: then nothing more is served. `bucket` is
    GitHub's name of the allowance.
    """

    unit: str
    remaining: float
    entitlement: float
    resets: str = ""
    is_capped: bool = True
    bucket: str = ""

    @property
    def share_used(self) -> float:
        """0 to 1, and more when overdrawn."""
        return 1 - self.remaining / self.entitlement if self.entitlement > 0 else 0.0


def of_plan(plan: Plan) -> Balance | None:
    """What GitHub says is left; None where nothing is counted."""
    metered = (plan.buckets[name] for name in BUCKETS if name in plan.buckets and plan.buckets[name].is_metered)
    bucket = next(metered, None)
    if bucket is None:
        return None
    return Balance(
        unit=plan.unit if bucket.name.startswith("premium") else f"{bucket.name} requests",
        remaining=bucket.remaining,
        entitlement=bucket.entitlement,
        resets=plan.resets,
        is_capped=not bucket.overage_permitted,
        bucket=bucket.name,
    )


def updated(balance: Balance | None, quotas: Mapping[str, Quota]) -> Balance | None:
    """The same after an answer of Copilot's, which names no unit: without a plan to go by nothing is made of it."""
    quota = quotas.get(balance.bucket) if balance else None
    if balance is None or quota is None:
        return balance
    entitlement = balance.entitlement if quota.entitlement is None else quota.entitlement
    if entitlement <= 0:
        return balance
    remaining = entitlement * quota.percent / 100 if quota.remaining is None else quota.remaining
    if remaining == 0 and quota.overage > 0:
        remaining = -quota.overage
    return replace(
        balance,
        entitlement=entitlement,
        remaining=remaining,
        resets=quota.resets_at or balance.resets,
        is_capped=not quota.overage_permitted,
    )
