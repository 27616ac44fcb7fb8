"""`status`: who serves, as people and as scripts read it."""

import json
from dataclasses import replace

import aiohttp
import pytest

from copilot_api.cli.status import facts, lines
from copilot_api.remote import moment
from copilot_api.sandbox import Sandbox
from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase, Status
from copilot_api.server.today import Today
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance
from tests.builders.program import Program

SERVING = Status(
    phase=Phase.SERVING,
    url="http://127.0.0.1:4141",
    address="127.0.0.1:4141",
    signed=Signed.IN,
    login="octo-dev",
    models=31,
    balance=Balance(unit="AI credits", remaining=6121.4, entitlement=7000, resets="2026-12-01T00:00:00Z"),
    today=Today(requests=41, input_tokens=1_240_000, output_tokens=38_400, spent=12.5),
    version="1.0.0",
    pid=4711,
    since=1_000_000_000.0,
)


async def test_where_nobody_serves_that_is_an_error_with_a_hint(program: Program) -> None:
    ended = await program.run("status", "--json", "--port", "4200")
    assert (ended.code, json.loads(ended.out)) == (1, {"servers": []})
    assert ended.err == "error: no copilot-api is serving on port 4200\nhint: run copilot-api start\n"


async def test_a_running_server_is_told_with_all_that_matters(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    question = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "prompt-canary"}]}
    async with program.serving() as server:
        async with aiohttp.ClientSession() as http, http.post(f"{server.url}/v1/chat/completions", json=question) as response:
            assert response.status == 200
        ended = await program.run("status")
        told = json.loads((await program.run("status", "--json")).out)
    first, balance, today = ended.out.splitlines()
    assert first.startswith(f"serving GitHub Copilot of sandbox-dev at {server.url} since ")
    assert first.endswith(f"(process {server.process.pid}, version 1.0.0)")
    assert balance.startswith("  balance   6,121")
    assert today.startswith("  today     1 request, ")
    assert (ended.code, ended.err) == (0, "")
    [one] = told["servers"]
    assert (one["url"], one["login"], one["phase"], one["pid"]) == (server.url, "sandbox-dev", "serving", server.process.pid)
    assert (one["today"]["requests"], one["balance"]["unit"]) == (1, "AI credits")
    assert sandbox.grant not in ended.out + json.dumps(told)


def test_a_good_day_in_three_lines() -> None:
    since = moment(SERVING.since)
    assert list(lines(SERVING)) == [
        f"serving GitHub Copilot of octo-dev at http://127.0.0.1:4141 since {since} (process 4711, version 1.0.0)",
        "  balance   6,121.4 of 7,000 AI credits left, resets 2026-12-01",
        "  today     41 requests, 1,240,000 tokens in, 38,400 out, 12.5 AI credits",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"phase": Phase.STOPPING, "active": 2}, "  open      2 requests"),
        ({"active": 1}, "  open      1 request"),
        (
            {"reason": "You are not signed in (run copilot-api auth)"},
            "  problem   You are not signed in (run copilot-api auth)",
        ),
        (
            {"waiting": (Waiting(id="7", client="claude-cli", model="claude-sonnet-4.6", size_bytes=52_000),)},
            "  waiting   claude-cli asks claude-sonnet-4.6, 51 KiB",
        ),
        (
            {"waiting": (Waiting(id="7", client="curl", model="gpt-4.1", size_bytes=90),)},
            "  waiting   curl asks gpt-4.1, 90 bytes",
        ),
        ({"approved": ("codex", "curl")}, "  approved  codex, curl"),
        (
            {"balance": Balance(unit="premium requests", remaining=-12, entitlement=300)},
            "  balance   -12 of 300 premium requests left",
        ),
    ],
)
def test_what_else_there_is_has_a_line_of_its_own(changes: dict[str, object], line: str) -> None:
    assert line in list(lines(replace(SERVING, **changes)))  # type: ignore[arg-type] # as the parameters are


@pytest.mark.parametrize(
    ("changes", "begins"),
    [
        (
            {"phase": Phase.STARTING, "url": "", "since": 0.0},
            "starting GitHub Copilot of octo-dev at an address to come (",
        ),
        ({"phase": Phase.STOPPING}, "stopping GitHub Copilot of octo-dev at http"),
        ({"login": ""}, "serving GitHub Copilot at http"),
        ({"is_sandbox": True}, "serving a simulated Copilot at http"),
    ],
)
def test_the_first_line_says_what_is_served(changes: dict[str, object], begins: str) -> None:
    assert next(lines(replace(SERVING, **changes))).startswith(begins)  # type: ignore[arg-type] # as the parameters are


def test_scripts_are_told_what_is_not_known() -> None:
    told = facts(replace(SERVING, balance=None, since=0.0, today=Today()))
    assert (told["balance"], told["since"], told["today"]["aiCredits"]) == (None, None, None)
    assert facts(SERVING)["since"].startswith("2001-09-09T")
