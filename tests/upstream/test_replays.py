"""Which requests go out once more, and how often."""

import errno
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_exceptions import ContentEncodingError

from copilot_api.upstream import replays, socks
from copilot_api.upstream.network import PageMet, ProxyFailed
from copilot_api.upstream.replays import BUDGET, MOST, PAUSES_S, PER_ANSWER, REFILL_S, REPLAYS, Budget, Replay, Resendings
from tests.builders.clocks import Hand

KEY = ConnectionKey("api.githubcopilot.com", 443, True, True, None, None, None)
REFUSED = aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "refused"))


def by_proxy(error: Exception) -> ProxyFailed:
    """What the connector makes of it."""
    told = ProxyFailed("The network proxy", "look at it")
    told.__cause__ = error
    return told


def garbled() -> Exception:
    error = aiohttp.ClientPayloadError("no gzip")
    error.__cause__ = ContentEncodingError("gzip")
    return error


@pytest.mark.parametrize(
    ("error", "replay", "where_it_may_have_arrived"),
    [
        (REFUSED, "connection-awaited", "connection-awaited"),
        (aiohttp.ClientConnectorDNSError(KEY, OSError("name")), "connection-awaited", "connection-awaited"),
        (by_proxy(REFUSED), "connection-awaited", "connection-awaited"),
        (by_proxy(TimeoutError()), None, None),
        (by_proxy(socks.WantsPassword()), None, None),
        (PageMet("Sign in"), None, None),
        (aiohttp.ServerDisconnectedError(), "connection-replayed", None),
        (ConnectionResetError(), "connection-replayed", None),
        (aiohttp.ClientPayloadError("cut"), "connection-replayed", None),
        (garbled(), None, None),
        (aiohttp.ConnectionTimeoutError(), None, None),
        (aiohttp.SocketTimeoutError(), None, None),
        (TimeoutError(), None, None),
        (aiohttp.ClientConnectorError(KEY, OSError(errno.EMFILE, "too many open files")), None, None),
        (aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed")), None, None),
    ],
)
def test_what_is_known_not_to_have_arrived_may_always_go_again(
    error: Exception, replay: Replay | None, where_it_may_have_arrived: Replay | None
) -> None:
    assert replays.after_loss(error, is_replayable=True) == replay
    assert replays.after_loss(error, is_replayable=False) == where_it_may_have_arrived


@pytest.mark.parametrize(
    ("status", "replay"),
    [
        (400, "hiccup-replayed"),
        (402, None),
        (408, "hiccup-replayed"),
        (413, None),
        (429, None),
        (500, "failure-replayed"),
        (502, "failure-replayed"),
        (503, None),
        (504, "failure-replayed"),
        (529, None),
    ],
)
def test_an_answer_says_whether_its_request_may_go_again(status: int, replay: Replay | None) -> None:
    assert replays.after_status(status, {}, b"") == replay


def test_who_names_a_time_is_not_asked_before() -> None:
    assert replays.after_status(502, {"retry-after": "3"}, b"") is None


def test_each_reason_has_its_pauses_and_one_request_its_limit() -> None:
    assert set(PAUSES_S) == REPLAYS
    again = Resendings(Budget(Hand()), REPLAYS)
    assert [again.pause_s("connection-awaited") for _ in range(3)] == [0.3, 1.0, None]
    assert again.pause_s("token-renewed") == 0.0
    assert len(again._done) == MOST
    assert again.pause_s("hiccup-replayed") is None
    assert again.pause_s(None) is None
    assert again.names == {"connection-awaited", "token-renewed"}


def test_what_may_have_been_counted_already_is_known() -> None:
    again = Resendings(Budget(Hand()), REPLAYS)
    assert again.pause_s("hiccup-replayed") is not None
    assert not again.is_uncertain
    assert again.pause_s("failure-replayed") is not None
    assert again.is_uncertain


def test_a_row_that_is_left_out_replays_nothing() -> None:
    assert Resendings(Budget(Hand()), REPLAYS - {"hiccup-replayed"}).pause_s("hiccup-replayed") is None


def test_all_together_may_only_so_much() -> None:
    hand = Hand()
    budget = Budget(hand)
    assert sum(budget.take() for _ in range(10 * BUDGET)) == BUDGET
    for _ in range(int(1 / PER_ANSWER)):
        budget.answered()
    assert budget.take()
    assert not budget.take()
    hand.now += REFILL_S
    assert budget.take()
    hand.now += 1_000_000
    assert sum(budget.take() for _ in range(10 * BUDGET)) == BUDGET, "what was saved up has its limit"


def test_tokens_are_renewed_whatever_is_left() -> None:
    budget = Budget(Hand(), size=0)
    assert Resendings(budget, REPLAYS).pause_s("token-renewed") == 0.0
    assert Resendings(budget, REPLAYS).pause_s("hiccup-replayed") is None
