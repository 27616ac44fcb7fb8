"""A Messages answer on its way to a Messages client: watched for tokens and its end, mended where Copilot is known to err.

Source: copilot-upstream §6.3; what clients insist on: clients.md §5.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from copilot_api.dialects import messages, messages_heartbeat
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.messages_decoder import CUT_SHORT, counted_in, problem_in
from copilot_api.dialects.read import number, obj, string
from copilot_api.dialects.sse import Sse, encode
from copilot_api.errors import CopilotApiError, UpstreamBroke
from copilot_api.translate.repair import Faults, Fired, each
from copilot_api.translate.repair_answers import MESSAGES_ANSWERS
from copilot_api.translate.repair_names import NO_NAMES

# What nearly every delta is. That it is whole is seen in half the time that parsing it takes.
_USUAL_DELTA = re.compile(
    rb'\{"type":"content_block_delta","index":\d{1,9},"delta":\{"type":"[a-z_]++","[a-z_]++":"'
    rb'(?:[ !#-\[\]-~]++|\\["\\/bfnrt])*+"\}\}'
).fullmatch


class MessagesWatch:
    """Watches one answer. `tool_names` leads from the names that were sent up to the client's, where they differ."""

    def __init__(self, stamp: Stamp, *, tool_names: Mapping[str, str] = NO_NAMES, table: Faults = MESSAGES_ANSWERS) -> None:
        self._stamp = stamp
        self.usage: Counted | None = None
        self.failed: CopilotApiError | None = None
        self.finished = False
        self._tool_names = tool_names
        self._fired = Fired(table)
        self._usage: Json = {}
        self._open_block: tuple[int, str] | None = None
        self._done = False

    @property
    def repairs(self) -> AbstractSet[str]:
        """The names of the repairs that fired so far."""
        return self._fired.names

    def frame(self, sse: Sse) -> bytes:
        """What goes to the client for one frame: its own bytes, unless a repair fired."""
        if sse.data == b"[DONE]":
            return b"" if self._fired.by("end-mark-dropped") else sse.raw
        if self._done:
            return b""
        if not sse.data:
            return sse.raw
        # Nothing in these concerns us, and they are nearly all there is.
        if sse.event == "ping" or (sse.event == "content_block_delta" and _USUAL_DELTA(sse.data)):
            return sse.raw
        try:
            data = obj(loads(sse.data))
        except ValueError:
            return self.fail(UpstreamBroke("Copilot sent an event that is not JSON"))
        return self._read(str(data.get("type") or sse.event), data, sse)

    def close(self) -> bytes:
        """The end of the bytes. A stream that named its stop reason is complete, even where the last event is missing."""
        if self._done:
            return b""
        if not self.finished:
            return self.fail(UpstreamBroke(CUT_SHORT))
        self._done = True
        return encode(b'{"type":"message_stop"}', "message_stop") if self._fired.by("stop-added") else b""

    def fail(self, problem: CopilotApiError) -> bytes:
        """The error as the last thing the client reads."""
        self.failed, self._done = problem, True
        return encode(dumps(messages.error(problem)), "error")

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while."""
        return messages_heartbeat.heartbeat(None if self._done else self._open_block)

    def whole(self, answer: Json) -> Json:
        """A complete answer: itself unless a repair fired."""
        self.usage = counted_in(answer)
        self.finished = True
        return self._named(each(answer, "content", self._with_own_name) if self._tool_names else answer)

    def _read(self, kind: str, data: Json, sse: Sse) -> bytes:
        match kind:
            case "error":
                return self.fail(problem_in(data))
            case "content_block_start":
                self._open_block = (number(data.get("index")), string(obj(data.get("content_block")).get("type")))
                return self._block(data, sse)
            case "content_block_stop":
                self._open_block = None
            case "message_start":
                return self._start(data, sse)
            case "message_delta":
                self._count(data.get("usage"), data)
                self.finished = self.finished or bool(obj(data.get("delta")).get("stop_reason"))
            case "message_stop":
                self._done = True
            case _:
                pass
        return self._with_event(kind, sse)

    def _start(self, data: Json, sse: Sse) -> bytes:
        message = obj(data.get("message"))
        self._count(message.get("usage"), data)
        named = self._named(message)
        return (
            self._with_event("message_start", sse) if named is message else _frame("message_start", data | {"message": named})
        )

    def _named(self, message: Json) -> Json:
        """The model under the name it was asked by: Claude Code gives reasoning back only to the model it knows."""
        if message.get("model") == self._stamp.model or not self._fired.by("model-named"):
            return message
        return message | {"model": self._stamp.model}

    def _block(self, data: Json, sse: Sse) -> bytes:
        block = obj(data.get("content_block"))
        named = self._with_own_name(block)
        if named is block:
            return self._with_event("content_block_start", sse)
        return _frame("content_block_start", data | {"content_block": named})

    def _with_own_name(self, block: Json) -> Json:
        own = self._tool_names.get(string(block.get("name"))) if block.get("type") == "tool_use" else None
        return block | {"name": own} if own and self._fired.by("tool-names-restored") else block

    def _with_event(self, kind: str, sse: Sse) -> bytes:
        # Anthropic's SDK reads the event line and nothing else.
        return sse.raw if sse.event or not kind or not self._fired.by("event-named") else encode(sse.data, kind)

    def _count(self, usage: object, data: Json) -> None:
        self._usage |= obj(usage)
        self.usage = counted_in({"usage": self._usage, "copilot_usage": data.get("copilot_usage")})


def _frame(kind: str, data: Json) -> bytes:
    return encode(dumps(data), kind)
