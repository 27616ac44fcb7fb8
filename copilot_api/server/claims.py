"""What a client says about who started a request, and how much of it is believed. Source: premium-requests.md §3.

A client may say that a person spoke where we cannot see it. It may not say that none did where we see new human text: that is
what the header would be abused for, so there is no way to force `agent`.
"""

from collections.abc import Mapping
from dataclasses import replace

from copilot_api.dialects.events import Ask

# The vocabulary of X-Interaction-Type. What only machines do goes with `agent` alone.
_EITHER = frozenset({"conversation-agent", "conversation-user"})
_MACHINE = frozenset({"conversation-subagent", "conversation-compaction", "conversation-background", "conversation-sampling"})


def settled(ask: Ask, headers: Mapping[str, str], *, always_user: bool) -> Ask:
    """`ask` with the initiator, the reason and the purpose that will be reported."""
    claim = headers.get("X-Initiator", "").strip().lower()
    purpose = headers.get("X-Interaction-Type", "").strip().lower()
    if always_user:
        ask = replace(ask, initiator="user", why="always_user is set")
    elif claim == "user" and ask.initiator == "agent":
        ask = replace(ask, initiator="user", why="the client says so")
    if ask.initiator == "user":
        return replace(ask, purpose=purpose if purpose in _EITHER else "conversation-agent")
    return replace(ask, purpose=purpose if purpose in _EITHER | _MACHINE else ask.purpose)
