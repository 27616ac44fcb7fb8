"""`copilot-api check-usage`: the plan and what is left of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from copilot_api import console
from copilot_api.cli.options import ACCOUNT, with_settings
from copilot_api.settings import Settings

if TYPE_CHECKING:
    from copilot_api.dialects.codec import Json
    from copilot_api.upstream.plan import Bucket, Plan

# The three that copilot-api 0.7 printed, under its names and in its order; what else GitHub counts follows.
TITLES = {"premium_interactions": "Premium", "chat": "Chat", "completions": "Completions"}


@with_settings(*ACCOUNT)
async def check_usage(
    loaded: Settings, *, as_json: Annotated[bool, typer.Option("--json", help="Print GitHub's JSON")] = False
) -> None:
    """Show your Copilot plan and what is left of it."""
    from copilot_api.upstream.plan import parse_plan

    user = await _ask(loaded)
    if as_json:
        console.data_json(user)
        return
    for line in lines(parse_plan(user)):
        console.data(line)


async def _ask(loaded: Settings) -> "Json":
    from copilot_api.account import account
    from copilot_api.cli.sign_in import grant_of
    from copilot_api.cli.terminal import Terminal

    async with account(loaded) as opened:
        grant = await grant_of(opened, Terminal() if console.is_interactive() else None)
        return await opened.github.copilot_user(grant)


def lines(plan: "Plan") -> list[str]:
    """The plan as people read it."""
    others = [name for name in plan.buckets if name not in TITLES]
    return [
        f"Copilot Usage (plan: {plan.name or 'unknown'})",
        f"Quota resets: {plan.resets or 'unknown'}",
        "",
        "Quotas:",
        *(f"  {title}: {_line(plan, plan.buckets.get(name))}" for name, title in TITLES.items()),
        *(f"  {name}: {_line(plan, plan.buckets[name])}" for name in others),
    ]


def _line(plan: "Plan", bucket: "Bucket | None") -> str:
    if bucket is None:
        return "N/A"
    if not bucket.is_metered:
        return "unlimited" if bucket.is_unlimited else "not in this plan"
    counts = f"{_plain(bucket.used)}/{_plain(bucket.entitlement)} used"
    shares = f"({bucket.percent_used:.1f}% used, {bucket.percent_remaining:.1f}% remaining)"
    drawn = console.bar(bucket.percent_used / 100)
    return " ".join(filter(None, (counts, shares, _unit(plan, bucket), drawn)))


def _unit(plan: "Plan", bucket: "Bucket") -> str:
    unit = f"{plan.unit}" if bucket.name.startswith("premium") else ""
    if bucket.remaining >= 0:
        return unit
    return f"{unit}, {_plain(-bucket.remaining)} over what the plan includes".removeprefix(", ")


def _plain(number: float) -> str:
    """At most two decimals, and none that say nothing."""
    return f"{number:.2f}".rstrip("0").rstrip(".")
