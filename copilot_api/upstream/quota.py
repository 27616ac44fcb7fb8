"""What is left of the plan, as Copilot says with each answer. Source: copilot-upstream.md §9."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

PREFIX = "x-quota-snapshot-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One allowance. `entitlement` and `remaining` are in its own units (credits or requests), None where not limited or said.

    `percent` is what remains, 0 to 100 and below 0 when overdrawn; `resets_at` an ISO time, or "".
    """

    name: str
    percent: float
    entitlement: float | None = None
    remaining: float | None = None
    overage: float = 0.0
    overage_permitted: bool = False
    resets_at: str = ""


def parse_quotas(headers: Mapping[str, str]) -> dict[str, Quota]:
    """The allowances that an answer's headers name; those that cannot be read are left out."""
    found: dict[str, Quota] = {}
    for header, value in headers.items():
        if header.lower().startswith(PREFIX):
            name = header[len(PREFIX) :].lower()
            if quota := _parse_one(name, value):
                found[name] = quota
    return found


def _parse_one(name: str, value: str) -> Quota | None:
    fields = {key: values[-1] for key, values in parse_qs(value).items()}
    percent = _number(fields.get("rem"))
    if percent is None:
        return None
    entitlement = _number(fields.get("ent"))
    return Quota(
        name=name,
        percent=percent,
        entitlement=None if entitlement == -1 else entitlement,
        remaining=_number(fields.get("totRem")),
        overage=_number(fields.get("ov")) or 0.0,
        overage_permitted=fields.get("ovPerm") == "true",
        resets_at=fields.get("rst", ""),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
