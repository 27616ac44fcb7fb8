"""Whether GitHub can be reached: an outage is one, and a refusal is an answer."""

import pytest

from copilot_api.errors import (
    CopilotApiError,
    NotSignedIn,
    SubscriptionMissing,
    UpstreamBroke,
    UpstreamRefused,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from copilot_api.upstream.reach import Reach, is_outage


@pytest.mark.parametrize(
    ("problem", "is_one"),
    [
        (UpstreamUnreachable("no network"), True),
        (UpstreamTimeout("too slow"), True),
        (UpstreamRefused("GitHub has trouble", status=502), True),
        (UpstreamRefused("GitHub has trouble", status=503), True),
        (UpstreamRefused("slower", status=429, kind="rate_limit"), False),
        (UpstreamRefused("no", status=403, kind="permission"), False),
        (UpstreamBroke("half an answer"), False),
        (NotSignedIn("nobody"), False),
        (SubscriptionMissing("no plan"), False),
    ],
)
def test_what_is_an_outage(problem: CopilotApiError, is_one: bool) -> None:
    assert is_outage(problem) is is_one


def test_changes_are_told_and_nothing_else() -> None:
    told: list[bool] = []
    reach = Reach(lambda: told.append(reach.is_down))
    for problem in (None, UpstreamUnreachable("a"), UpstreamTimeout("b"), NotSignedIn("c"), None, UpstreamTimeout("d")):
        reach.tell(problem)
    assert told == [True, False, True]
