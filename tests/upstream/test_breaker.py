"""When requests are spared the wait for a host, and that nobody is ever turned away from one that works."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.errors import UpstreamUnreachable
from copilot_api.upstream.breaker import FIRST_REST_S, FORGOTTEN_S, LASTING_S, LONGEST_REST_S, TRIES, Attempt, Breaker
from tests.builders.clocks import Hand

GONE = UpstreamUnreachable("Copilot could not be reached", hint="check your network")


@pytest.fixture
def hand() -> Hand:
    return Hand(100.0)


@pytest.fixture
def breaker(hand: Hand) -> Breaker:
    return Breaker("Copilot", hand)


def miss(breaker: Breaker, hand: Hand, *, times: int = 1, each_s: float = 0.0) -> None:
    for _ in range(times):
        attempt = breaker.admit()
        hand.now += each_s
        attempt.missed(GONE)


def opened(breaker: Breaker, hand: Hand) -> Breaker:
    miss(breaker, hand, times=TRIES, each_s=2.0)
    assert breaker.is_open
    return breaker


def test_it_opens_when_no_connection_comes_about_for_long_enough(breaker: Breaker, hand: Hand) -> None:
    miss(breaker, hand, times=TRIES - 1, each_s=LASTING_S)
    assert not breaker.is_open
    miss(breaker, hand)
    assert breaker.is_open


def test_a_hiccup_opens_nothing_however_many_meet_it(breaker: Breaker, hand: Hand) -> None:
    miss(breaker, hand, times=500, each_s=LASTING_S / 600)
    breaker.admit().reached()
    assert not breaker.is_open


def test_time_outs_of_requests_at_the_same_time_count_from_their_beginning(breaker: Breaker, hand: Hand) -> None:
    attempts = [breaker.admit() for _ in range(TRIES)]
    hand.now += LASTING_S
    for attempt in attempts:
        attempt.missed(GONE)
    assert breaker.is_open


def test_a_failure_of_long_ago_says_nothing(breaker: Breaker, hand: Hand) -> None:
    miss(breaker, hand, times=TRIES - 1, each_s=LASTING_S)
    hand.now += FORGOTTEN_S + 1
    miss(breaker, hand)
    assert not breaker.is_open


def test_whoever_comes_then_is_told_since_when_and_until_when(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    hand.now += 0.2
    with pytest.raises(UpstreamUnreachable) as caught:
        breaker.admit()
    assert caught.value.text == (
        "Copilot could not be reached; that has been so for 6 s, and it is tried again in 1 s (check your network)"
    )
    assert (caught.value.retry_after, caught.value.status, caught.value.code) == ("1", 503, "upstream_down")


def test_it_can_be_asked_without_taking_the_leave(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    with pytest.raises(UpstreamUnreachable):
        breaker.check()
    hand.now += FIRST_REST_S
    breaker.check()
    breaker.check()
    assert breaker.admit().is_probe


def test_one_finds_out_at_a_time(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    hand.now += FIRST_REST_S
    probe = breaker.admit()
    with pytest.raises(UpstreamUnreachable):
        breaker.admit()
    probe.reached()
    assert not breaker.is_open
    assert not breaker.admit().is_probe


def test_a_probe_that_was_given_up_makes_room_for_another(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    hand.now += FIRST_REST_S
    breaker.admit().let_go()
    assert breaker.admit().is_probe


def test_rests_grow_to_a_limit(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    rests = []
    for _ in range(8):
        rests.append(breaker.due_in_s)
        hand.now += breaker.due_in_s
        miss(breaker, hand)
    assert rests[:4] == [1.0, 2.0, 4.0, 8.0]
    assert rests[-1] == LONGEST_REST_S


def test_a_late_word_of_success_closes_it(breaker: Breaker, hand: Hand) -> None:
    slow = breaker.admit()
    opened(breaker, hand)
    slow.reached()
    assert not breaker.is_open


def test_a_late_word_of_failure_after_a_success_means_nothing(breaker: Breaker, hand: Hand) -> None:
    slow = [breaker.admit() for _ in range(TRIES)]
    hand.now += LASTING_S
    breaker.admit().reached()
    for attempt in slow:
        attempt.missed(GONE)
    assert not breaker.is_open


def test_another_network_closes_it(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    hand.now += FIRST_REST_S
    probe = breaker.admit()
    breaker.reset()
    assert not breaker.is_open
    probe.missed(GONE)
    assert not breaker.admit().is_probe


def test_only_the_first_word_of_an_attempt_counts(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    hand.now += FIRST_REST_S
    probe = breaker.admit()
    probe.let_go()
    probe.reached()
    assert breaker.is_open


def test_the_sleep_of_the_machine_ends_a_rest(breaker: Breaker, hand: Hand) -> None:
    opened(breaker, hand)
    assert breaker.due_in_s == FIRST_REST_S
    hand.slept += 3600
    assert breaker.admit().is_probe


def test_it_is_told_when_it_opens_and_when_it_closes(breaker: Breaker, hand: Hand) -> None:
    seen: list[bool] = []
    end = breaker.subscribe(lambda: seen.append(breaker.is_open))
    opened(breaker, hand)
    breaker.reached()
    breaker.reached()
    breaker.reset()
    end()
    opened(breaker, hand)
    assert seen == [True, False]


def test_while_it_is_closed_there_is_nothing_to_find_out(breaker: Breaker) -> None:
    assert breaker.due_in_s == math.inf


# What holds whatever happens. A run is told by a list of steps; `World` keeps what is known apart from the breaker.

STEPS = st.lists(
    st.tuples(st.sampled_from(["admit", "reached", "missed", "let_go", "pass", "sleep", "reset"]), st.floats(0.01, 20.0)),
    max_size=60,
)


@dataclass
class World:
    """The true history: when somebody last got through, and the misses since, each with when it began and ended."""

    hand: Hand = field(default_factory=lambda: Hand(1000.0))
    running: list[Attempt] = field(default_factory=list)
    began: dict[int, float] = field(default_factory=dict)
    settled_at: float = 0.0
    misses: list[tuple[float, float]] = field(default_factory=list)

    def play(self, steps: list[tuple[str, float]], watch: Callable[["World", Breaker], None]) -> Breaker:
        breaker = Breaker("Copilot", self.hand)
        for step, amount in steps:
            match step:
                case "pass":
                    self.hand.now += amount
                case "sleep":
                    self.hand.slept += amount
                case "reset":
                    breaker.reset()
                    self.settled_at, self.misses = self.hand.now, []
                case "admit":
                    watch(self, breaker)
                case _ if self.running:
                    self._end(self.running.pop(int(amount * 1000) % len(self.running)), step)
                case _:
                    pass
        return breaker

    def _end(self, attempt: Attempt, how: str) -> None:
        if how == "reached":
            attempt.reached()
            self.settled_at, self.misses = self.hand.now, []
        elif how == "missed":
            attempt.missed(GONE)
            self.misses.append((self.began[id(attempt)], self.hand.now))
        else:
            attempt.let_go()

    def enter(self, breaker: Breaker) -> None:
        attempt = breaker.admit()
        self.began[id(attempt)] = self.hand.now
        self.running.append(attempt)


@given(STEPS)
def test_nobody_is_turned_away_without_enough_failures_since_the_last_success(steps: list[tuple[str, float]]) -> None:
    def watch(world: World, breaker: Breaker) -> None:
        try:
            world.enter(breaker)
        except UpstreamUnreachable:
            since = [(began, ended) for began, ended in world.misses if began >= world.settled_at]
            assert len(since) >= TRIES
            assert max(ended for _, ended in since) - min(began for began, _ in since) >= LASTING_S

    World().play(steps, watch)


@given(STEPS)
def test_while_it_is_open_one_probe_runs_at_the_most(steps: list[tuple[str, float]]) -> None:
    def watch(world: World, breaker: Breaker) -> None:
        try:
            world.enter(breaker)
        except UpstreamUnreachable as problem:
            waits.append(int(problem.retry_after))
        if breaker.is_open:
            assert sum(attempt.is_probe for attempt in world.running) <= 1

    waits: list[int] = []

    World().play([step for step in steps if step[0] != "reset"], watch)
    assert all(1 <= wait <= LONGEST_REST_S for wait in waits)


@given(STEPS)
def test_it_can_always_be_closed_again(steps: list[tuple[str, float]]) -> None:
    """Whatever came before: once all attempts have ended, whoever comes after the longest rest is let through."""
    world = World()

    def watch(world: World, breaker: Breaker) -> None:
        try:
            world.enter(breaker)
        except UpstreamUnreachable:
            return

    breaker = world.play(steps, watch)
    for attempt in world.running:
        attempt.let_go()
    world.hand.now += LONGEST_REST_S
    breaker.admit().reached()
    assert not breaker.is_open
    for _ in range(10):
        breaker.admit()


@given(STEPS)
def test_an_outage_is_asked_after_ever_more_rarely(steps: list[tuple[str, float]]) -> None:
    """Probes that fail are at least as far apart as the rests, whatever else goes on."""
    world, probes = World(), list[float]()

    def watch(world: World, breaker: Breaker) -> None:
        try:
            attempt = breaker.admit()
        except UpstreamUnreachable:
            return
        if attempt.is_probe:
            probes.append(world.hand.now)
        attempt.missed(GONE)

    world.play([step for step in steps if step[0] in {"admit", "pass"}], watch)
    gaps = [later - earlier for earlier, later in itertools.pairwise(probes)]
    assert all(gap >= min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** (n + 1)) - 1e-6 for n, gap in enumerate(gaps))
