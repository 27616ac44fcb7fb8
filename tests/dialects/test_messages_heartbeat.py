"""Signs of life that each version of Claude Code takes for one."""

import pytest

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.messages_heartbeat import PING, heartbeat
from copilot_api.dialects.sse import SseDecoder


@pytest.mark.parametrize("open_block", [None, (2, "redacted_thinking"), (0, "brand_new")])
def test_outside_a_block_that_can_be_added_to_it_is_a_ping(open_block: tuple[int, str] | None) -> None:
    assert heartbeat(open_block) == PING == b'event: ping\ndata: {"type":"ping"}\n\n'


@pytest.mark.parametrize(
    ("kind", "delta"),
    [
        ("text", {"type": "text_delta", "text": ""}),
        ("thinking", {"type": "thinking_delta", "thinking": ""}),
        ("tool_use", {"type": "input_json_delta", "partial_json": ""}),
        ("server_tool_use", {"type": "input_json_delta", "partial_json": ""}),
    ],
)
def test_inside_a_block_nothing_is_added_to_it_as_well(kind: str, delta: Json) -> None:
    ping, nothing = SseDecoder().feed(heartbeat((3, kind)))
    assert ping.raw == PING
    assert nothing.event == "content_block_delta"
    assert loads(nothing.data) == {"type": "content_block_delta", "index": 3, "delta": delta}
