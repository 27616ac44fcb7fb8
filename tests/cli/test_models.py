"""`models` says what this account can use, and why not the rest."""

import json

import pytest

from copilot_api.cli.models import why_not
from copilot_api.dialects.models import Model
from copilot_api.sandbox import Sandbox
from tests.builders.program import Program


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Model(id="a"), ""),
        (Model(id="a", endpoints=("/v1/messages",)), ""),
        (Model(id="a", kind="embeddings", endpoints=("/embeddings",)), ""),
        (Model(id="a", enabled=False), "it is not enabled: see github.com/settings/copilot"),
        (Model(id="a", kind="completion", endpoints=()), "it completes code in editors only"),
        (Model(id="a", endpoints=("ws:/responses",)), "Copilot offers it at an endpoint that is not served here"),
    ],
)
def test_what_cannot_be_used_says_why(model: Model, reason: str) -> None:
    assert why_not(model) == reason


async def test_the_table_has_a_line_for_each_model(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    ended = await program.run("models")
    head, *rows = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert head.split() == ["ID", "VENDOR", "CONTEXT", "OUTPUT", "ENDPOINTS", "USABLE"]
    assert len(rows) == len({entry["id"] for entry in sandbox.models})
    row = next(row for row in rows if row.startswith("gpt-4.1 "))
    assert "128k" in row
    assert "/chat/completions" in row
    assert row.endswith("yes")
    assert next(row for row in rows if row.startswith("gpt-41-copilot ")).endswith("no: it completes code in editors only")


async def test_json_holds_the_facts(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox, grant=sandbox.grant)
    found = {model["id"]: model for model in json.loads((await program.run("models", "--json")).out)}
    assert found["gpt-4.1"]["usable"] is True
    assert found["gpt-4.1"]["whyNot"] == ""
    assert found["gpt-4.1"]["maxContext"] == 128000
    assert "/v1/messages" in found["claude-sonnet-4.6"]["endpoints"]


async def test_the_sandbox_needs_no_account(program: Program) -> None:
    ended = await program.run("models", "--sandbox", "--json")
    assert ended.code == 0
    assert any(model["id"] == "gpt-4.1" for model in json.loads(ended.out))


async def test_without_a_sign_in_it_ends_with_one(program: Program, sandbox: Sandbox) -> None:
    program.uses(sandbox)
    ended = await program.run("models", "--json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "error: you are not signed in\nhint: run copilot-api auth\n"
