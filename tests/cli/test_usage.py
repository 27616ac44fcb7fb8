"""`check-usage` says what is left, in the words of copilot-api 0.7 and in the unit of the plan."""

import json
import sys
from typing import Any

import pytest

from copilot_api.cli.usage import lines
from copilot_api.sandbox import Sandbox
from copilot_api.upstream.plan import parse_plan
from tests.builders.plans import account_with
from tests.builders.program import Program

if sys.platform != "win32":
    from tests.builders.program import OnScreen


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "credits",
            [
                "Copilot Usage (plan: individual_pro)",
                "Quota resets: 2026-12-01",
                "",
                "Quotas:",
                "  Premium: 878.6/7000 used (12.6% used, 87.4% remaining) AI credits",
                "  Chat: unlimited",
                "  Completions: unlimited",
            ],
        ),
        ("legacy", ["  Premium: 57.33/300 used (19.1% used, 80.9% remaining) premium requests"]),
        (
            "overdrawn",
            [
                "  Premium: 2014.5/1900 used (106.0% used, -6.0% remaining) AI credits, 114.5 over what the plan includes",
            ],
        ),
        ("unlimited", ["  Premium: unlimited"]),
        ("free", ["  Premium: not in this plan"]),
        (
            "free_legacy",
            [
                "  Premium: N/A",
                "  Chat: 13/50 used (26.0% used, 74.0% remaining)",
                "  Completions: 110/2000 used (5.5% used, 94.5% remaining)",
            ],
        ),
        ("bare", ["  Premium: N/A", "  Chat: N/A", "  Completions: N/A"]),
    ],
)
async def test_each_kind_of_plan_in_its_words(kind: Any, shown: list[str]) -> None:
    drawn = lines(parse_plan(await account_with(kind)))
    assert [line for line in drawn if line in shown] == shown


def test_what_github_invents_next_is_shown_too() -> None:
    plan = parse_plan({"quota_snapshots": {"images": {"entitlement": 4, "remaining": -1}}})
    assert lines(plan)[0] == "Copilot Usage (plan: unknown)"
    assert lines(plan)[1] == "Quota resets: unknown"
    assert lines(plan)[-1] == "  images: 5/4 used (125.0% used, -25.0% remaining) 1 over what the plan includes"


async def test_the_command_prints_it(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("check-usage")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(
        "Copilot Usage (plan: individual_pro)\nQuota resets: 2026-12-01\n\nQuotas:\n  Premium: 878.6/7000"
    )


async def test_json_is_githubs_own(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("check-usage", "--json")
    found = json.loads(ended.out)
    assert found["copilot_plan"] == "individual_pro"
    assert found["quota_snapshots"]["premium_interactions"]["entitlement"] == 7000


async def test_the_sandbox_has_a_plan_too(program: Program) -> None:
    ended = await program.run("check-usage", "--sandbox")
    assert ended.code == 0
    assert "Premium: 878.6/7000 used" in ended.out


async def test_failure_ends_with_one(program: Program, sandbox: Sandbox) -> None:
    """compat.md §2.1: exit 1 on failure."""
    program.uses(sandbox)
    ended = await program.run("check-usage")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error: you are not signed in\nhint: run copilot-api auth\n"


async def test_an_account_without_a_plan_is_told_where_to_look(program: Program) -> None:
    async with Sandbox(plan="none") as sandbox:
        program.uses(sandbox, grant=sandbox.grant)
        ended = await program.run("check-usage")
    assert ended.code == 1
    assert ended.err.startswith("error: GitHub knows no Copilot plan for this account\nhint: ")


if sys.platform != "win32":

    async def test_on_a_terminal_a_missing_sign_in_is_made_up_for(
        program: Program, sandbox: Sandbox, on_screen: OnScreen
    ) -> None:
        """compat.md §2.1: `check-usage` logs in first if needed."""
        program.uses(sandbox)
        sandbox.script.device("granted")
        screen = await on_screen("check-usage")
        await screen.expect("warning: you are not signed in\nenter the code ")
        await screen.expect("Premium: 878.6/7000 used (12.6% used, 87.4% remaining) AI credits [###.....................]")
        assert await screen.ended() == 0
        assert len(program.stored()) == 1
