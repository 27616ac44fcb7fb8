"""What a WebSocket remembers: its last response, so that a request can go on from there with nothing but what is new.

Copilot keeps no conversations, so the whole is put together here. Source: OpenAI's guide to its WebSocket mode.
"""

import logging
from dataclasses import dataclass, field

from copilot_api.dialects import responses
from copilot_api.dialects.codec import Json, dumps, loads_request
from copilot_api.dialects.read import objs, string
from copilot_api.errors import ClientMistake
from copilot_api.server.items import Items
from copilot_api.server.relay import Question
from copilot_api.server.responses import listed

# Belonging to this transport and not to the request. Copilot's own clients also say here who asks (`initiator`).
_NOT_BODY = frozenset({"type", "stream", "background", "generate", "initiator", "previous_response_id"})


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """A conversation up to its last response, never changed: a thread may read it while it is forgotten."""

    last_id: str = ""
    said: tuple[object, ...] = field(default=(), repr=False)
    size_bytes: int = 0


_NOTHING = _Known()


class Room:
    """What all connections may remember together: at most `limit_bytes` of JSON, and the longest unused is forgotten first.

    It is not the store of items: that is for clients that have the server remember, and most on WebSockets have not. A client
    whose conversation is forgotten sends it whole, and one is of any size up to a request's.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._held: dict[Memory, int] = {}

    @property
    def size_bytes(self) -> int:
        """What all of it takes."""
        return sum(self._held.values())

    def take(self, memory: "Memory") -> None:
        """Counts what `memory` holds now, as the newest, and makes room for it."""
        self.free(memory)
        self._held[memory] = memory.size_bytes
        while self.size_bytes > self._limit_bytes:
            oldest = next(iter(self._held))
            _log.info("a conversation of %d bytes is forgotten to make room, a WebSocket's", oldest.size_bytes)
            oldest.forget()

    def free(self, memory: "Memory") -> None:
        """Counts `memory` no more."""
        self._held.pop(memory, None)


class Memory:
    """What is known of the conversation on one connection: its last response, for a request that goes on from there.

    Holds at most `limit_bytes` of JSON, and what there is `room` for.
    """

    def __init__(self, items: Items, limit_bytes: int, room: Room) -> None:
        self._items = items
        self._limit_bytes = limit_bytes
        self._room = room
        self._known = _NOTHING
        self._bytes_asked = 0
        self._is_referable = False

    @property
    def size_bytes(self) -> int:
        """How much is known, as JSON."""
        return self._known.size_bytes

    def read(self, raw: bytes) -> tuple[Question, bool]:
        """The request that a message holds, and whether it is a warm-up. Raises ClientMistake."""
        message = loads_request(raw)
        if message.get("type") != "response.create":
            kind = string(message.get("type"))[:60]
            raise ClientMistake(f"type: only response.create is taken, not {kind!r}", code="unsupported_value", param="type")
        body = {key: value for key, value in message.items() if key not in _NOT_BODY} | {"stream": True}
        self._is_referable = body.get("store") is not False
        self._bytes_asked = len(raw)
        if previous := message.get("previous_response_id"):
            known = self._known
            body = _continued(body, previous, known)
            self._bytes_asked += known.size_bytes
        body = self._items.resolved(body)
        is_warm_up = message.get("generate") is False
        ask = responses.peek(body | {"input": "-"} if is_warm_up and not body.get("input") else body)
        return Question(raw=dumps(body), body=body, ask=ask), is_warm_up

    def heard(self, question: Question, answer: Json) -> None:
        """Takes note of the response that `question` led to; an empty one means that there was none."""
        output = objs(answer.get("output"))
        if self._is_referable:
            self._items.keep(output)
        size = self._bytes_asked + sum(len(dumps(item)) for item in output)
        if not answer or size > self._limit_bytes:
            self.forget()
            return
        self._known = _Known(string(answer.get("id")), (*listed(question.body.get("input")), *output), size)
        self._room.take(self)

    def forget(self) -> None:
        """There is nothing to go on from. After a failure, too: so it is with OpenAI."""
        self._known = _NOTHING
        self._room.free(self)


def _continued(body: Json, previous: object, known: _Known) -> Json:
    if previous != known.last_id:
        raise ClientMistake(
            f"Previous response {str(previous)[:100]!r} is not the last one that is known on this connection",
            hint="send the whole conversation in input",
            code="previous_response_not_found",
            param="previous_response_id",
        )
    return body | {"input": [*known.said, *listed(body.get("input"))]}
