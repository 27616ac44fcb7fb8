"""The plan of an account and what is left of it, as GitHub tells it. Source: protocol notes, GitHub, section 4."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, string

Unit = Literal["AI credits", "premium requests"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One allowance. `remaining` may be fractional, and below zero when more was used than granted.

    Unlimited buckets and those that are not part of the plan have no meaningful numbers: look at `is_metered` first.
    """

    name: str
    entitlement: float = 0.0
    remaining: float = 0.0
    percent_remaining: float = 0.0
    is_unlimited: bool = False
    overage_permitted: bool = False

    @property
    def is_metered(self) -> bool:
        """Whether something is counted here at all."""
        return not self.is_unlimited and self.entitlement > 0

    @property
    def used(self) -> float:
        """What is gone of `entitlement`, in its unit."""
        return self.entitlement - self.remaining

    @property
    def percent_used(self) -> float:
        """0 to 100, and more when overdrawn."""
        return 100 * self.used / self.entitlement if self.entitlement else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`name` is GitHub's word (individual_pro), `resets` a date, `unit` what premium buckets count; texts may be empty."""

    login: str = ""
    name: str = ""
    resets: str = ""
    unit: Unit = "premium requests"
    buckets: Mapping[str, Bucket]


def parse_plan(user: Json) -> Plan:
    """The body of `GET /copilot_internal/user`, of today or in the shape of the old free plan."""
    snapshots = obj(user.get("quota_snapshots"))
    buckets = {name: _bucket(name, obj(snapshots.get(name))) for name in snapshots} or _old_free(user)
    return Plan(
        login=string(user.get("login")),
        name=string(user.get("copilot_plan")),
        resets=string(user.get("quota_reset_date")) or string(user.get("limited_user_reset_date")),
        unit="AI credits" if user.get("token_based_billing") is True else "premium requests",
        buckets=buckets,
    )


def _bucket(name: str, snapshot: Json) -> Bucket:
    entitlement = _number(snapshot, "entitlement") or 0.0
    exact, whole = _number(snapshot, "quota_remaining"), _number(snapshot, "remaining")
    remaining = (exact if exact is not None else whole) or 0.0
    percent = _number(snapshot, "percent_remaining")
    if percent is None:
        percent = 100 * remaining / entitlement if entitlement else 0.0
    return Bucket(
        name=name,
        entitlement=entitlement,
        remaining=remaining,
        percent_remaining=percent,
        is_unlimited=snapshot.get("unlimited") is True or entitlement < 0,
        overage_permitted=snapshot.get("overage_permitted") is True,
    )


def _old_free(user: Json) -> dict[str, Bucket]:
    """`limited_user_quotas` is what is left, `monthly_quotas` what there was."""
    left, granted = obj(user.get("limited_user_quotas")), obj(user.get("monthly_quotas"))
    return {name: _bucket(name, {"entitlement": granted[name], "remaining": left.get(name)}) for name in granted}


def _number(body: Json, key: str) -> float | None:
    value = body.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
