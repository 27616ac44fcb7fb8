"""What a client says about who started a request, and how much of it is believed. Source: premium-requests.md §3.

A client may say that a person spoke where we cannot see it. It may not say that none did where we see new human text: that is
what the header would be abused for, so there is no way to force `agent`.
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace

from copilot_api.dialects.events import Ask

# The vocabulary of X-Interaction-Type. What only machines do goes with `agent` alone.
_EITHER = frozenset({"conversation-agent", "conversation-user"})
_MACHINE = frozenset({"conversation-subagent", "conversation-compaction", "conversation-background", "conversation-sampling"})


# In which a client names its session: conversations that begin alike are told apart by it.
_SESSIONS = ("X-Claude-Code-Session-Id", "X-Session-Id", "Session-Id")


def settled(ask: Ask, headers: Mapping[str, str], *, always_user: bool) -> Ask:
    """`ask` with the initiator, the reason, the purpose and the interaction that will be reported."""
    if session := next((headers[name] for name in _SESSIONS if name in headers), ""):
        ask = replace(ask, interaction=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{session}:{ask.interaction}")))
    claim = headers.get("X-Initiator", "").strip().lower()
    purpose = headers.get("X-Interaction-Type", "").strip().lower()
    if always_user:
        ask = replace(ask, initiator="user", why="always_user is set")
    elif claim == "user" and ask.initiator == "agent":
        ask = replace(ask, initiator="user", why="the client says so")
    if ask.initiator == "user":
        return replace(ask, purpose=purpose if purpose in _EITHER else "conversation-agent")
    return replace(ask, purpose=purpose if purpose in _EITHER | _MACHINE else ask.purpose)
