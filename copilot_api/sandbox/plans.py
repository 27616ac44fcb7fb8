"""The plans an account may have: what `copilot_internal/user` and the quota headers say. Source: github-auth.md §4."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.accounts import LOGIN, Accounts, Plan

NANO = 1_000_000_000
RESET = "2026-12-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One plan. `entitlement` and `used` count credits or premium requests; `used` was gone before the sandbox began."""

    plan: str
    sku: str
    entitlement: int = 0
    used: float = 0.0
    credits: bool = False
    overage: bool = False


PLANS: Mapping[Plan, Terms] = MappingProxyType(
    {
        "credits": Terms(
            plan="individual_pro",
            sku="plus_monthly_subscriber_quota",
            entitlement=7000,
            used=878.6,
            credits=True,
            overage=True,
        ),
        "legacy": Terms(plan="individual", sku="yearly_subscriber", entitlement=300, used=57.33),
        "free": Terms(plan="free", sku="free_limited_copilot", credits=True),
        "free_legacy": Terms(plan="free", sku="free_limited_copilot"),
        "unlimited": Terms(plan="enterprise", sku="copilot_enterprise_seat_quota", entitlement=-1, credits=True),
        "overdrawn": Terms(
            plan="business",
            sku="copilot_for_business_seat_quota",
            entitlement=1900,
            used=2014.5,
            credits=True,
            overage=True,
        ),
        "bare": Terms(plan="individual", sku="monthly_subscriber"),
        "none": Terms(plan="", sku=""),
    }
)


def user(accounts: Accounts, endpoints: Json) -> Json:
    """The body of `GET /copilot_internal/user`."""
    plan, terms = accounts.plan, PLANS[accounts.plan]
    body: Json = {
        "login": LOGIN,
        "copilot_plan": terms.plan,
        "access_type_sku": terms.sku,
        "assigned_date": "2026-01-05T09:00:00+00:00",
        "chat_enabled": True,
        "cli_enabled": True,
        "endpoints": endpoints,
        "organization_login_list": [],
        "organization_list": [],
    }
    if plan == "free_legacy":
        return body | {
            "limited_user_quotas": {"chat": 37, "completions": 1890},
            "monthly_quotas": {"chat": 50, "completions": 2000},
            "limited_user_reset_date": RESET[:10],
        }
    body |= {"quota_reset_date": RESET[:10], "quota_reset_date_utc": "2026-12-01T00:00:00.000Z"}
    if terms.credits:
        body["token_based_billing"] = True
    if plan == "bare":
        return body
    return body | {"quota_snapshots": {s["quota_id"]: s for s in _snapshots(terms, accounts)}}


def quota_headers(accounts: Accounts) -> dict[str, str]:
    """The `x-quota-snapshot-*` headers of an answer. Source: copilot-upstream.md §9."""
    return {f"x-quota-snapshot-{s['quota_id']}": _header(s) for s in _snapshots(PLANS[accounts.plan], accounts)}


def socket_snapshots(accounts: Accounts) -> Json:
    """The same as `copilot_quota_snapshots` on a WebSocket, where the entitlement is a text. Source: copilot-upstream.md §5."""
    return {
        s["quota_id"]: {
            "entitlement": "-1" if s["unlimited"] else str(s["entitlement"]),
            "percent_remaining": s["percent_remaining"],
            "overage_count": s["overage_count"],
            "overage_permitted": s["overage_permitted"],
            "reset_date": RESET,
        }
        for s in _snapshots(PLANS[accounts.plan], accounts)
    }


def _header(snapshot: Json) -> str:
    unlimited = snapshot["unlimited"]
    fields = {
        "ent": -1 if unlimited else snapshot["entitlement"],
        "ov": float(snapshot["overage_count"]),
        "ovPerm": str(snapshot["overage_permitted"]).lower(),
        "rem": snapshot["percent_remaining"],
        "rst": RESET,
    }
    return urlencode(fields if unlimited else fields | {"totRem": snapshot["remaining"]})


def _snapshots(terms: Terms, accounts: Accounts) -> list[Json]:
    return [_unlimited("chat"), _unlimited("completions"), _premium(terms, accounts)]


def _unlimited(quota_id: str) -> Json:
    return {
        "quota_id": quota_id,
        "entitlement": 0,
        "remaining": 0,
        "quota_remaining": 0.0,
        "percent_remaining": 100.0,
        "unlimited": True,
        "overage_count": 0,
        "overage_permitted": False,
        "has_quota": True,
        "timestamp_utc": "2026-11-20T10:00:00.000Z",
    }


def _premium(terms: Terms, accounts: Accounts) -> Json:
    if terms.entitlement < 0:
        return _unlimited("premium_interactions")
    spent = accounts.nano_aiu_spent / NANO if terms.credits else accounts.premium_spent
    used = round(terms.used + spent, 2)
    left = round(terms.entitlement - used, 2)
    snapshot = _unlimited("premium_interactions") | {
        "entitlement": terms.entitlement,
        "remaining": int(left),
        "quota_remaining": left,
        "percent_remaining": round(100 * left / terms.entitlement, 1) if terms.entitlement else 0.0,
        "unlimited": False,
        "overage_count": max(0, int(-left)),
        "overage_permitted": terms.overage,
        "has_quota": left > 0 or (terms.overage and terms.entitlement > 0),
    }
    if not terms.credits:
        return snapshot
    return snapshot | {
        "overage_entitlement": 0,
        "credits_used": used,
        "token_based_billing": True,
        "quota_reset_at": RESET,
    }
