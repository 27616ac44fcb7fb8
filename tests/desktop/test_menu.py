"""The menu: what stands in it in which state, and what a click on it asks for."""

from collections.abc import Iterator
from itertools import pairwise

import pytest

from copilot_api.desktop.face import Face
from copilot_api.desktop.glance import Code, Glance, Update
from copilot_api.desktop.menu import LINE, WIDTH, Act, Row, cut, rows
from copilot_api.server.status import Phase
from copilot_api.server.today import Today
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance
from tests.desktop.glances import CODE, GLANCES, WAITING, serving


def everyone(shown: tuple[Row, ...]) -> Iterator[Row]:
    for row in shown:
        yield row
        yield from everyone(row.children)


def labels(glance: Glance) -> list[str]:
    return [row.label for row in everyone(rows(glance)) if not row.is_line]


def row(glance: Glance, label: str) -> Row:
    [found] = [row for row in everyone(rows(glance)) if row.label == label]
    return found


def test_the_menu_of_a_good_day() -> None:
    glance = serving(
        active=3,
        today=Today(requests=41, input_tokens=1_240_000, output_tokens=38_400, spent=12.5),
        clients=("Claude Code", "Codex"),
        dashboard="http://127.0.0.1:4141/dashboard",
        starts_at_login=True,
        can_update=True,
        version="1.0.0",
    )
    assert [shown.label for shown in rows(glance)] == [
        "Serving on 127.0.0.1:4141 · octo-dev · 3 active",
        "",
        "Stop serving",
        "Open dashboard",
        "Copy base URL",
        "Set up a client",
        "",
        "Sign out octo-dev",
        "Account type",
        "",
        "AI credits 6,121 of 7,000, resets 1 Dec",
        "Today 41 requests, 12.5 AI credits, 1.3M tokens",
        "",
        "Start at login",
        "Start serving on launch",
        "",
        "Check for updates",
        "About Copilot API 1.0.0",
        "Quit",
    ]


def test_a_first_start_offers_to_serve_and_to_sign_in() -> None:
    assert labels(Glance()) == [
        *("Not serving", "Start serving", "Sign in…"),
        *("Account type", "Individual", "Business", "Enterprise"),
        *("Start serving on launch", "About Copilot API", "Quit"),
    ]


@pytest.mark.parametrize(
    ("glance", "label", "act"),
    [
        (Glance(), "Start serving", Act("serve", target=True)),
        (serving(), "Stop serving", Act("serve", target=False)),
        (Glance(phase=Phase.STARTING), "Stop serving", Act("serve", target=False)),
        (Glance(), "Sign in…", Act("sign-in")),
        (serving(), "Sign out octo-dev", Act("sign-out")),
        (serving(), "Copy base URL", Act("copy-url")),
        (serving(sign_in=CODE), "Copy the code QXRT-7KLM", Act("copy-code")),
        (serving(sign_in=CODE), "Open github.com/login/device", Act("open-page")),
        (serving(sign_in=CODE), "Cancel signing in", Act("cancel-sign-in")),
        (serving(clients=("Codex",)), "Codex", Act("set-up", "Codex")),
        (serving(approved=("codex",)), "codex", Act("ask-again", "codex")),
        (serving(starts_at_login=True), "Start at login", Act("start-at-login", target=False)),
        (serving(starts_at_login=False), "Start at login", Act("start-at-login", target=True)),
        (serving(serves_on_launch=True), "Start serving on launch", Act("serve-on-launch", target=False)),
        (serving(), "Business", Act("account-type", "business")),
        (serving(can_update=True), "Check for updates", Act("check-for-updates")),
        (serving(update=Update(version="1.1.0", page="https://x.y/z")), "Get version 1.1.0", Act("open-page", "https://x.y/z")),
        (serving(version="1.0.0"), "About Copilot API 1.0.0", Act("about")),
        (serving(), "Quit", Act("quit")),
    ],
)
def test_each_row_carries_its_target(glance: Glance, label: str, act: Act) -> None:
    assert row(glance, label).act == act


@pytest.mark.parametrize(
    ("label", "decision"),
    [("Once", "once 7"), ("For ten minutes", "ten-minutes 7"), ("Always for claude-cli", "always 7"), ("Refuse", "refuse 7")],
)
def test_a_request_that_waits_can_be_decided_on(label: str, decision: str) -> None:
    glance = serving(waiting=(WAITING,))
    assert "claude-cli asks claude-sonnet-4.6, 51 KiB" in labels(glance)
    assert row(glance, label).act == Act("approve", decision)


def test_the_account_type_that_holds_is_marked_be_it_an_unusual_one() -> None:
    marked = [(choice.label, choice.is_checked) for choice in row(serving(account_type="partner"), "Account type").children]
    assert marked == [("Individual", False), ("Business", False), ("Enterprise", False), ("Partner", True)]
    assert all(choice.is_choice for choice in row(serving(), "Account type").children)


def test_rows_that_do_not_apply_are_absent() -> None:
    for glance, absent in (
        (Glance(), "Copy base URL"),
        (Glance(), "Start at login"),
        (serving(phase=Phase.STOPPING), "Stop serving"),
        (serving(phase=Phase.STOPPING), "Start serving"),
        (serving(sign_in=CODE), "Sign out octo-dev"),
        (serving(is_token_given=True), "Sign out octo-dev"),
        (serving(served_by=4711), "Account type"),
        (serving(), "Check for updates"),
    ):
        assert absent not in labels(glance)


def test_a_server_of_somebody_elses_is_named() -> None:
    assert "Started elsewhere (process 4711)" in labels(serving(served_by=4711))


def test_why_it_does_not_go_is_told_while_it_serves() -> None:
    assert "GitHub could not be reached" in labels(serving(reason="GitHub could not be reached"))
    assert "stale" not in labels(Glance(reason="stale"))


def test_that_nobody_is_signed_in_is_said_once_and_why_a_sign_in_is_good_no_more_is_said_too() -> None:
    assert labels(GLANCES[Face.SIGNED_OUT])[:2] == ["Serving on 127.0.0.1:4141, but not signed in", "Stop serving"]
    revoked = serving(signed=Signed.OUT, reason="GitHub no longer accepts this sign-in (run copilot-api auth to sign in again)")
    assert labels(revoked)[1].startswith("GitHub no longer accepts this sign-in")


def test_trouble_and_where_it_serves_stand_in_two_rows() -> None:
    assert labels(GLANCES[Face.LOW])[:2] == ["Plan nearly used up", "Serving on 127.0.0.1:4141 · octo-dev"]


def test_a_sign_in_without_a_code_yet_can_be_cancelled() -> None:
    shown = labels(serving(signed=Signed.OUT, sign_in=Code()))
    assert "Cancel signing in" in shown
    assert not [label for label in shown if "code" in label.lower()]


def test_what_keeps_a_sign_in_waiting_is_told() -> None:
    code = Code(user_code="QXRT-7KLM", page="https://github.com/login/device", left_s=61)
    assert "Waiting for you, 61 s left" in labels(serving(sign_in=code))
    assert "Waiting for you, 14 min left" in labels(serving(sign_in=CODE))
    troubled = Code(user_code="QXRT-7KLM", page="https://github.com/login/device", problem="GitHub could not be reached")
    assert "GitHub could not be reached" in labels(serving(sign_in=troubled))


@pytest.mark.parametrize(
    ("balance", "shown"),
    [
        (
            Balance(unit="AI credits", remaining=6121.4, entitlement=7000, resets="2026-12-01T00:00:00Z"),
            "AI credits 6,121 of 7,000, resets 1 Dec",
        ),
        (Balance(unit="premium requests", remaining=12.5, entitlement=300), "Premium requests 12.5 of 300"),
        (Balance(unit="AI credits", remaining=-12, entitlement=1500, resets="soon"), "AI credits 12 over 1,500, resets soon"),
    ],
)
def test_the_balance_is_read_at_a_glance(balance: Balance, shown: str) -> None:
    assert shown in labels(serving(balance=balance))


def test_a_day_without_requests_has_no_row_of_use() -> None:
    assert not [label for label in labels(serving()) if label.startswith("Today")]
    assert "Today 1 request, 970 tokens" in labels(serving(today=Today(requests=1, input_tokens=950, output_tokens=20)))


@pytest.mark.parametrize("glance", GLANCES.values(), ids=list(GLANCES))
def test_in_every_state_it_can_be_quit_and_no_row_is_too_long_or_empty(glance: Glance) -> None:
    shown = rows(glance)
    assert shown[-1].act == Act("quit")
    assert shown[0].label
    assert LINE not in [first for first, second in pairwise(shown) if second == LINE]
    for row in everyone(shown):
        assert len(row.label) <= WIDTH
        assert row.act is None or not row.children
        assert row.is_line or row.label.strip()


def test_what_comes_from_outside_stays_in_one_short_line() -> None:
    glance = serving(login="x" * 200, reason="a\nb" * 100)
    assert all(len(label) <= WIDTH and "\n" not in label for label in labels(glance))
    assert cut("a  b\n c") == "a b c"
    assert cut("x" * 61) == "x" * 59 + "…"


def test_every_face_has_a_glance_to_look_at() -> None:
    assert set(GLANCES) == set(Face)
