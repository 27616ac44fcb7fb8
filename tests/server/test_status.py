"""The one value that all draw: it survives being told to another process, be that of another version."""

import dataclasses
from typing import Any

import pytest

from copilot_api.dialects.codec import dumps, loads
from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase, Status, heard, told
from copilot_api.server.today import Today
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance

FULL = Status(
    phase=Phase.SERVING,
    url="http://127.0.0.1:4141",
    address="127.0.0.1:4141",
    signed=Signed.FAILING,
    reason="GitHub could not be reached",
    is_github_down=True,
    is_token_given=True,
    login="octo-dev",
    account_type="business",
    models=31,
    active=3,
    is_manual=True,
    waiting=(Waiting(id="7", client="claude-cli", model="claude-sonnet-4.6", size_bytes=52_000),),
    approved=("codex", "curl"),
    balance=Balance(
        unit="AI credits",
        remaining=6121.4,
        entitlement=7000.0,
        resets="2026-12-01",
        is_capped=False,
        bucket="premium_interactions",
    ),
    today=Today(requests=41, input_tokens=1_240_000, output_tokens=38_400, spent=12.5),
    is_sandbox=True,
    version="1.0.0",
    pid=4711,
    since=1_790_000_000.5,
)


def test_every_field_is_tried_here() -> None:
    default = Status()
    assert all(getattr(FULL, field.name) != getattr(default, field.name) for field in dataclasses.fields(Status))


@pytest.mark.parametrize("status", [Status(), FULL, dataclasses.replace(FULL, balance=None, today=Today(requests=1))])
def test_what_is_told_is_what_is_heard(status: Status) -> None:
    assert heard(loads(dumps(told(status)))) == status


def test_an_older_server_tells_less_and_a_newer_one_more() -> None:
    assert heard({"phase": "serving", "signed": "in", "mood": "good"}) == Status(phase=Phase.SERVING, signed=Signed.IN)


@pytest.mark.parametrize("body", [{}, {"phase": "dancing", "signed": "in"}, {"phase": "serving", "signed": "perhaps"}])
def test_what_is_no_status_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        heard(body)


@pytest.mark.parametrize("odd", [None, [], "x", {"a": 1}, True, -1])
def test_odd_values_do_no_harm(odd: Any) -> None:
    body = {field.name: odd for field in dataclasses.fields(Status)} | {"phase": "serving", "signed": "in"}
    assert isinstance(heard(body), Status)


def test_it_can_be_compared_and_not_be_changed() -> None:
    assert Status(login="octo-dev") == Status(login="octo-dev") != Status()
    with pytest.raises(dataclasses.FrozenInstanceError):
        Status().active = 3  # type: ignore[misc] # that it cannot be is what is tested
