"""Signs of life in a Messages stream, for the minutes in which a model says nothing.

A ping counts as progress in some versions of Claude Code and not inside an open block in others; an empty delta of that block
counts in all of them. A comment counts in none. So both are sent. Source: users.md, row 5 and quirks.
"""

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.sse import encode

PING = encode(b'{"type":"ping"}', "ping")

# By the type of the block: an addition of nothing to it.
_NOTHING: dict[str, Json] = {
    "text": {"type": "text_delta", "text": ""},
    "thinking": {"type": "thinking_delta", "thinking": ""},
    "tool_use": {"type": "input_json_delta", "partial_json": ""},
    "server_tool_use": {"type": "input_json_delta", "partial_json": ""},
}


def heartbeat(open_block: tuple[int, str] | None) -> bytes:
    """What to send in silence; `open_block` is index and type of the block that was started and not stopped, if any."""
    index, kind = open_block or (0, "")
    nothing = _NOTHING.get(kind)
    if nothing is None:
        return PING
    return PING + encode(dumps({"type": "content_block_delta", "index": index, "delta": nothing}), "content_block_delta")
