"""A Responses answer on its way to a Responses client: watched for tokens and its end, mended where Copilot is known to err.

Source: copilot-upstream §4.3, §4.4; what clients insist on: client-apis §3.3, clients.md §5.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from copilot_api.dialects import responses
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Failed, Stamp
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj, objs, string
from copilot_api.dialects.responses_decoder import CUT_SHORT, counted_in, problem_in
from copilot_api.dialects.sse import Sse, encode
from copilot_api.dialects.weight import BLOCK, Weight
from copilot_api.errors import CopilotApiError, UpstreamBroke
from copilot_api.translate.repair import Faults, Fired
from copilot_api.translate.repair_answers import RESPONSES_ANSWERS
from copilot_api.translate.repair_responses_names import NO_PLACES, Places, with_tools
from copilot_api.translate.watch_responses_items import OwnItems

_BEGINNING = "response.created"
_KEPT = frozenset({"response.output_item.added", "response.output_item.done"})
_COMPLETE = frozenset({"response.completed", "response.incomplete"})


class ResponsesWatch:
    """Watches one answer of `model` to the client's `request`.

    `freed` are namespace and name of the client's free-text tools (`free_text.named`): the model may have got functions.
    `tool_names` leads from namespace and name as they were sent up to the client's own, where any differ.
    """

    def __init__(
        self,
        stamp: Stamp,
        model: Model,
        *,
        request: Json,
        freed: frozenset[tuple[str, str]] = frozenset(),
        tool_names: Places = NO_PLACES,
        table: Faults = RESPONSES_ANSWERS,
    ) -> None:
        self.usage: Counted | None = None
        self.failed: CopilotApiError | None = None
        self.finished = False
        self._fired = Fired(table)
        self._stamp = stamp
        self._request = request
        self._tool_names = tool_names
        self._items = OwnItems(stamp, model, freed, tool_names, self._fired)
        self._response: Json | None = None
        self._weight = Weight()
        self._begun_early = False
        self._number = 0
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
        try:
            data = obj(loads(sse.data))
        except ValueError:
            return self.fail(UpstreamBroke("Copilot sent an event that is not JSON"))
        kind = str(data.get("type") or sse.event)
        if not kind:
            return sse.raw
        # Codex and the SDKs wait for a failed response and know neither of these.
        if kind in {"error", "response.cancelled"} and self._fired.by("failure-told"):
            return self.fail(problem_in(obj(data.get("response")) or data))
        return b"".join([self._write(kind, event, data, sse) for event in self._read(kind, data, len(sse.data))])

    def close(self) -> bytes:
        """The end of the bytes. A stream that did not say how it ended was cut and must not look complete."""
        return b"" if self._done else self.fail(UpstreamBroke(CUT_SHORT))

    def fail(self, problem: CopilotApiError) -> bytes:
        """The failure as the last thing the client reads, with the items that were complete."""
        self.failed, self._done = problem, True
        if self._response is None:
            return responses.Encoder(self._stamp, request=self._request).feed(Failed(problem=problem))
        response = self._response | responses.failure(problem) | {"output": self._items.finished}
        return _encoded({"type": "response.failed", "sequence_number": self._number, "response": response})

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while. It takes a number, so later events get others.

        The first begins the answer, and Copilot's own beginning is then left out: Codex counts events and no comments, and the
        SDKs want `response.created` before any other event.
        """
        if self._done:
            return responses.NOTHING
        number, self._number = self._number, self._number + 1
        if self._response is not None:
            return _encoded(responses.keepalive() | {"sequence_number": number})
        self._begun_early, self._response = True, responses.begun(self._stamp, self._request)
        return _encoded({"type": _BEGINNING, "sequence_number": number, "response": self._response})

    def whole(self, answer: Json) -> Json:
        """A complete answer: itself unless a repair fired."""
        self.usage = counted_in(answer)
        self.finished = string(answer.get("status")) in {"completed", "incomplete"}
        self.failed = None if self.finished else problem_in(answer)
        return self._mended(answer)

    def _read(self, kind: str, data: Json, size: int) -> Iterable[Json]:
        """The client's events for one of Copilot's, which has `size` bytes."""
        if "output_index" in data:
            if kind in _KEPT:
                self._weight.add(BLOCK // 2 + size)
            return self._items.feed(kind, data)
        if isinstance(data.get("response"), dict):
            event = self._lifecycle(kind, data)
            return () if kind == _BEGINNING and self._begun_early else (event,)
        return (data,)

    def _lifecycle(self, kind: str, data: Json) -> Json:
        self._response = response = self._mended(data["response"])
        self.usage = counted_in(data)
        self.finished = kind in _COMPLETE
        self.failed = problem_in(response) if kind == "response.failed" else None
        self._done = self.finished or self.failed is not None
        return data if response is data["response"] else data | {"response": response}

    def _mended(self, response: Json) -> Json:
        output = objs(response.get("output"))
        mended = self._items.whole(output)
        after = self._echoed(response if mended == output else response | {"output": mended})
        id_ = responses.response_id(self._stamp)
        return after if after.get("id") == id_ or not self._fired.by("ids-steadied") else after | {"id": id_}

    def _echoed(self, response: Json) -> Json:
        """The response with the request's tools in it as the client named them."""
        after = with_tools(response, self._tool_names) if self._tool_names else response
        return after if after is not response and self._fired.by("tool-names-restored") else response

    def _write(self, kind: str, event: Json, data: Json, sse: Sse) -> bytes:
        number, self._number = self._number, self._number + 1
        if not event.get("type"):
            event = event | {"type": kind}
        if event.get("sequence_number") != number and self._fired.by("events-renumbered"):
            event = event | {"sequence_number": number}
        is_named = bool(sse.event) or self._fired.by("event-named")
        if event is data and (sse.event == kind or not is_named):
            return sse.raw
        return _encoded(event) if is_named else encode(dumps(event))


def _encoded(event: Json) -> bytes:
    return encode(dumps(event), string(event.get("type")))
