"""The icon: one picture for each state, and the words that go with it."""

import pytest

from copilot_api.desktop.face import Face, face, title
from copilot_api.desktop.glance import Code, Glance
from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance
from tests.desktop.glances import GLANCES, serving


@pytest.mark.parametrize("wanted", Face)
def test_each_state_has_its_picture(wanted: Face) -> None:
    assert face(GLANCES[wanted]) is wanted


@pytest.mark.parametrize(
    ("wanted", "words"),
    {
        Face.APPROVAL: "1 request waits for your approval",
        Face.SIGNING_IN: "Enter QXRT-7KLM at github.com/login/device",
        Face.DRAINING: "Stopping, 2 requests may finish",
        Face.STARTING: "Starting",
        Face.STOPPED: "Not serving",
        Face.SIGNED_OUT: "Serving on 127.0.0.1:4141, but not signed in",
        Face.GITHUB_DOWN: "GitHub cannot be reached · Serving on 127.0.0.1:4141 · octo-dev",
        Face.FAILING: "No Copilot token · Serving on 127.0.0.1:4141 · octo-dev",
        Face.SPENT: "Plan used up · Serving on 127.0.0.1:4141 · octo-dev",
        Face.LOW: "Plan nearly used up · Serving on 127.0.0.1:4141 · octo-dev",
        Face.SERVING: "Serving on 127.0.0.1:4141 · octo-dev · 3 active",
    }.items(),
)
def test_each_state_has_its_words(wanted: Face, words: str) -> None:
    assert title(GLANCES[wanted]) == words


def test_no_two_states_share_their_words() -> None:
    assert len({title(glance) for glance in GLANCES.values()}) == len(Face)


def test_a_request_that_waits_for_a_person_comes_before_all_else() -> None:
    waiting = (
        Waiting(id="1", client="codex", model="gpt-4.1", size_bytes=9),
        Waiting(id="2", client="codex", model="o", size_bytes=9),
    )
    glance = serving(waiting=waiting, signed=Signed.FAILING, phase=Phase.STOPPING)
    assert face(glance) is Face.APPROVAL
    assert title(glance) == "2 requests wait for your approval"


def test_signing_in_is_shown_whether_or_not_anything_is_served() -> None:
    assert face(Glance(sign_in=Code())) is Face.SIGNING_IN
    assert title(Glance(sign_in=Code())) == "Signing in"


def test_why_nothing_is_served_is_said() -> None:
    assert title(Glance(unserved="port 4141 is in use")) == "Not serving: port 4141 is in use"


def test_a_stop_that_waits_for_nobody_names_no_requests() -> None:
    assert title(serving(phase=Phase.STOPPING)) == "Stopping"
    assert title(serving(phase=Phase.STOPPING, active=1)) == "Stopping, 1 request may finish"


@pytest.mark.parametrize(
    ("balance", "wanted"),
    [
        (Balance(unit="AI credits", remaining=701, entitlement=7000), Face.SERVING),
        (Balance(unit="AI credits", remaining=700, entitlement=7000), Face.LOW),
        (Balance(unit="AI credits", remaining=0, entitlement=7000), Face.SPENT),
        (Balance(unit="AI credits", remaining=-5, entitlement=7000, is_capped=False), Face.LOW),
        (Balance(unit="AI credits", remaining=0, entitlement=0), Face.SERVING),
    ],
)
def test_the_end_of_the_plan_is_seen_before_it_comes(balance: Balance, wanted: Face) -> None:
    assert face(serving(balance=balance)) is wanted
