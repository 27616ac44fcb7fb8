"""What is worth a notification, and that nobody is told the same twice in a row."""

import pytest

from copilot_api.desktop.glance import Code, Glance, Update
from copilot_api.desktop.menu import Act
from copilot_api.desktop.news import AGAIN_S, Memory, News, news, signed_in
from copilot_api.server.approvals import Waiting
from copilot_api.server.status import Phase
from copilot_api.upstream.auth import Signed
from copilot_api.upstream.balance import Balance
from tests.desktop.glances import CODE, GLANCES, WAITING, serving

OUT = serving(signed=Signed.OUT, login="", balance=None)
SIGNING_IN = serving(signed=Signed.OUT, login="", sign_in=CODE)


def told(before: Glance, after: Glance) -> list[str]:
    return [one.title for one in news(before, after)]


def balance(share_used: float, *, is_capped: bool = True) -> Balance:
    return Balance(unit="AI credits", remaining=7000 * (1 - share_used), entitlement=7000, is_capped=is_capped)


@pytest.mark.parametrize("glance", GLANCES.values(), ids=list(GLANCES))
def test_nothing_changed_is_no_news(glance: Glance) -> None:
    assert told(glance, glance) == []


def test_a_code_is_told_once_with_the_page_to_type_it_at() -> None:
    [code] = news(OUT, SIGNING_IN)
    assert code.title == "Your code is QXRT-7KLM"
    assert "github.com/login/device" in code.text
    assert [button.act for button in code.buttons] == [Act("open-page", CODE.page), Act("copy-code")]
    assert code.is_urgent
    later = serving(signed=Signed.OUT, login="", sign_in=Code(user_code=CODE.user_code, page=CODE.page, left_s=3))
    assert told(SIGNING_IN, later) == []
    assert told(OUT, serving(signed=Signed.OUT, sign_in=Code())) == []


def test_the_end_of_a_sign_in_is_told_by_whoever_saw_it() -> None:
    assert told(SIGNING_IN, serving()) == []
    assert signed_in("octo-dev").title == "Signed in as octo-dev"
    assert signed_in("").title == "Signed in"


def test_being_signed_in_from_the_start_is_no_news() -> None:
    assert told(Glance(phase=Phase.STARTING), serving()) == []


def test_being_signed_out_is_told_with_the_way_back() -> None:
    [one] = news(serving(), serving(signed=Signed.OUT, reason="GitHub no longer accepts the token"))
    assert (one.title, one.text) == ("Signed out of GitHub", "GitHub no longer accepts the token")
    assert [button.act for button in one.buttons] == [Act("sign-in")]


def test_trouble_with_the_token_that_needs_a_person_is_told_and_an_outage_is_not() -> None:
    failing = serving(signed=Signed.FAILING, reason="No Copilot plan on this account")
    assert told(serving(), failing) == ["Copilot cannot be used at the moment"]
    assert told(failing, failing) == []
    assert told(serving(), serving(signed=Signed.FAILING, is_github_down=True)) == []


def test_a_request_that_waits_is_told_with_the_two_quick_answers() -> None:
    [one] = news(serving(), serving(waiting=(WAITING,)))
    assert one.title == "claude-cli asks claude-sonnet-4.6"
    assert [button.act for button in one.buttons] == [Act("approve", "once 7"), Act("approve", "refuse 7")]
    more = Waiting(id="8", client="codex", model="gpt-4.1", size_bytes=1)
    assert told(serving(waiting=(WAITING,)), serving(waiting=(WAITING, more))) == ["codex asks gpt-4.1"]


@pytest.mark.parametrize(
    ("before", "after", "titles"),
    [
        (0.5, 0.74, []),
        (0.5, 0.75, ["75% of your AI credits are used"]),
        (0.8, 0.9, ["90% of your AI credits are used"]),
        (0.5, 1.2, ["Your AI credits are used up"]),
        (0.9, 0.1, []),
    ],
)
def test_marks_of_the_plan_are_told_when_they_are_passed(before: float, after: float, titles: list[str]) -> None:
    assert told(serving(balance=balance(before)), serving(balance=balance(after))) == titles


def test_the_end_of_the_plan_is_urgent_only_where_nothing_more_is_served() -> None:
    for is_capped in (True, False):
        [one] = news(serving(balance=balance(0.9)), serving(balance=balance(1, is_capped=is_capped)))
        assert one.is_urgent is is_capped


def test_a_balance_that_is_only_now_known_passes_no_mark() -> None:
    assert told(serving(balance=None), serving(balance=balance(0.95))) == []


def test_why_nothing_is_served_is_told() -> None:
    [one] = news(Glance(phase=Phase.STARTING), Glance(unserved="port 4141 is in use"))
    assert (one.title, one.text) == ("Copilot API is not serving", "port 4141 is in use")


def test_a_newer_version_is_told_with_its_page() -> None:
    [one] = news(serving(), serving(update=Update(version="1.1.0", page="https://x.y/z")))
    assert one.title == "Copilot API 1.1.0 is there"
    assert [button.act for button in one.buttons] == [Act("open-page", "https://x.y/z")]


def test_the_same_is_not_told_twice_within_ten_minutes() -> None:
    now = [0.0]
    memory = Memory(lambda: now[0])
    one, other = News(key="a", title="A"), News(key="b", title="B")
    assert memory.is_new(one)
    now[0] = AGAIN_S - 1
    assert not memory.is_new(one)
    assert memory.is_new(other)
    now[0] = AGAIN_S
    assert memory.is_new(one)
    assert not memory.is_new(other)
