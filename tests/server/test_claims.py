"""What a client says about who started a request is believed where it cannot be a lie that pays."""

import uuid
from dataclasses import replace

import pytest

from copilot_api.dialects.events import Ask
from copilot_api.server.claims import settled

USER = Ask(model="m", stream=True, initiator="user", why="new user content", interaction="turn", has_images=False)
AGENT = replace(USER, initiator="agent", why="only tool results")


@pytest.mark.parametrize("ask", [USER, AGENT])
def test_without_a_claim_the_body_decides(ask: Ask) -> None:
    assert settled(ask, {}, always_user=False) == ask


def test_a_client_may_say_that_a_person_spoke() -> None:
    said = settled(AGENT, {"X-Initiator": "User"}, always_user=False)
    assert (said.initiator, said.why) == ("user", "the client says so")


@pytest.mark.parametrize("claim", ["agent", "AGENT", "nonsense"])
def test_fresh_human_text_stays_the_users_whatever_the_client_says(claim: str) -> None:
    """premium-requests.md §6, case 14."""
    assert settled(USER, {"X-Initiator": claim}, always_user=False) == USER


def test_a_client_that_agrees_changes_nothing() -> None:
    assert settled(AGENT, {"X-Initiator": "agent"}, always_user=False) == AGENT
    assert settled(USER, {"X-Initiator": "user"}, always_user=False) == USER


def test_the_person_may_have_every_request_reported_as_theirs() -> None:
    said = settled(AGENT, {"X-Initiator": "agent", "X-Interaction-Type": "conversation-subagent"}, always_user=True)
    assert (said.initiator, said.why, said.purpose) == ("user", "always_user is set", "conversation-agent")


@pytest.mark.parametrize(
    ("ask", "claim", "purpose"),
    [
        (USER, "conversation-user", "conversation-user"),
        (USER, "conversation-subagent", "conversation-agent"),
        (USER, "made-up", "conversation-agent"),
        (AGENT, "conversation-subagent", "conversation-subagent"),
        (AGENT, "conversation-background", "conversation-background"),
        (AGENT, "conversation-user", "conversation-user"),
        (AGENT, "made-up", "conversation-agent"),
        (replace(AGENT, purpose="conversation-compaction"), "", "conversation-compaction"),
    ],
)
def test_the_kind_of_interaction_is_taken_over_where_it_fits(ask: Ask, claim: str, purpose: str) -> None:
    assert settled(ask, {"X-Interaction-Type": claim}, always_user=False).purpose == purpose


def test_a_session_tells_conversations_apart_that_begin_alike() -> None:
    one = settled(USER, {"X-Claude-Code-Session-Id": "one"}, always_user=False).interaction
    again = settled(AGENT, {"X-Claude-Code-Session-Id": "one"}, always_user=False).interaction
    other = settled(USER, {"X-Session-Id": "two"}, always_user=False).interaction
    later = settled(replace(USER, interaction="later"), {"X-Claude-Code-Session-Id": "one"}, always_user=False).interaction
    assert one == again
    assert len({one, other, later, USER.interaction}) == 4
    assert str(uuid.UUID(one)) == one
